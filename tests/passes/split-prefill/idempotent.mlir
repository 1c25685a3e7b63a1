// With one late value a second run finds no further cut, and the front part
// takes over what is known about a shared prefix.
// RUN: agentc-opt --agentc-split-calls --agentc-split-prefill %s -o %t.once
// RUN: agentc-opt --agentc-split-prefill %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @get(x: !agent.text) -> !agent.text class(pure)
agent.graph @twice(%q: !agent.text) -> !agent.text {
  %x = agent.call_tool @get(%q) : (!agent.text) -> !agent.text
  %p = agent.prompt "Question: {q} Known: {x} Answer:"(q = %q : !agent.text, x = %x : !agent.text) : !agent.text
  // CHECK: stage.tokenize @smol "{<default>}{<user}Question: {q} Known:"({{.*}}) {{.*}}prefix_group = 2 : i64, shared_pieces = 5 : i64}
  // CHECK: stage.tokenize @smol " {x} Answer:{user>}{<assistant}"
  // CHECK-NOT: prefix_group
  %a = agent.generate @smol(%p) max_tokens(8) {site = 0, prefix_group = 2, shared_pieces = 7}
  agent.return %a : !agent.text
}
