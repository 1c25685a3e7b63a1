// Facts of an earlier run are replaced, not added to: a stale group goes.
// RUN: agentc-opt --agentc-infer-prefixes %s -o %t.once
// RUN: agentc-opt --agentc-infer-prefixes %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice
// RUN: agentc-opt --agentc-infer-prefixes="min-chars=1000" %s | FileCheck %s --check-prefix=SHORT

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @twice(%q: !agent.text) {
  %p = agent.prompt "An instruction for all: {q}"(q = %q : !agent.text) : !agent.text
  %r = agent.prompt "Something else: {q}"(q = %q : !agent.text) : !agent.text
  // CHECK: {prefix_group = 0 : i64, shared_pieces = 6 : i64}
  // SHORT-NOT: prefix_group
  %0 = agent.generate @smol(%p) max_tokens(8) temperature(0.5)
  // CHECK: {prefix_group = 0 : i64, shared_pieces = 6 : i64}
  %1 = agent.generate @smol(%p) max_tokens(8) temperature(0.5)
  // CHECK: temperature(5.000000e-01){{$}}
  %2 = agent.generate @smol(%r) max_tokens(8) temperature(0.5) {prefix_group = 7 : i64, shared_pieces = 9 : i64}
  agent.return
}
