// RUN: agentc-opt --agentc-hoist-prefixes %s -o %t.once
// RUN: agentc-opt --agentc-hoist-prefixes %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice
// A second run finds no group. A part that is all prefix goes away whole when
// another prefill follows it.

agent.model @smol llm source("smollm2-135m-instruct")

// CHECK: %[[PREFIX:.*]] = stage.prefill @smol
// CHECK: agent.loop
// CHECK-NEXT: %[[FORK:.*]] = stage.kv.fork %[[PREFIX]]
// CHECK-NEXT: %[[LATE:.*]] = stage.tokenize @smol "{x}{user>}{<assistant}"
// CHECK-NEXT: stage.prefill @smol %[[FORK]], %[[LATE]]
agent.graph @cut(%q: !agent.text) -> !agent.text {
  %r = agent.loop (%i, %x = %q : !agent.text) max_iters(3) -> (!agent.text) {
    %kv = stage.kv.open @smol -> !stage.kv
    %t0 = stage.tokenize @smol "{<user}Improve this:"() {prefix_group = 0, shared_pieces = 2} -> !stage.tokens
    %p0 = stage.prefill @smol %kv, %t0 -> !stage.kv
    %t1 = stage.tokenize @smol "{x}{user>}{<assistant}"(x = %x : !agent.text) -> !stage.tokens
    %p1 = stage.prefill @smol %p0, %t1 -> !stage.kv
    %y, %p2 = stage.decode @smol %p1 max_tokens(64) -> (!agent.text, !stage.kv)
    agent.yield %y : !agent.text
  }
  agent.return %r : !agent.text
}
