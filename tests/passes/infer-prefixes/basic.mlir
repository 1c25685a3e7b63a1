// Equal text is shared only on one model, behind one session and with equal
// values; a loop shares with itself what does not change in it.
// RUN: agentc-opt --agentc-infer-prefixes %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.model @other llm source("smollm2-135m-instruct")

// CHECK-LABEL: agent.graph @models
agent.graph @models(%a: !agent.text, %b: !agent.text) {
  %p = agent.prompt "A long common instruction: {x}"(x = %a : !agent.text) : !agent.text
  %q = agent.prompt "A long common instruction: {x}"(x = %b : !agent.text) : !agent.text
  // CHECK: @smol(%0) max_tokens(8) {prefix_group = 0 : i64, shared_pieces = 3 : i64}
  %0 = agent.generate @smol(%p) max_tokens(8)
  // CHECK: @smol(%1) max_tokens(8) {prefix_group = 0 : i64, shared_pieces = 3 : i64}
  %1 = agent.generate @smol(%q) max_tokens(8)
  // CHECK: @other(%1) max_tokens(8){{$}}
  %2 = agent.generate @other(%q) max_tokens(8)
  // CHECK: @smol(%1) system(%{{.*}}) max_tokens(8){{$}}
  %3 = agent.generate @smol(%q) system(%a) max_tokens(8)
  agent.return
}

// CHECK-LABEL: agent.graph @loop
agent.graph @loop(%q: !agent.text) -> !agent.text {
  %r = agent.loop (%i, %draft = %q : !agent.text) max_iters(3) -> (!agent.text) {
    %p = agent.prompt "Improve the draft. {q} Draft: {draft}"(q = %q : !agent.text, draft = %draft : !agent.text) : !agent.text
    // CHECK: agent.generate {{.*}} {prefix_group = 1 : i64, shared_pieces = 5 : i64}
    %next = agent.generate @smol(%p) max_tokens(64)
    agent.yield %next : !agent.text
  }
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @best
agent.graph @best(%x: !agent.text) {
  // Three calls share a little, two of them more: the two save more.
  %a = agent.prompt "Common start here.{|} And a much longer common part: {x}."(x = %x : !agent.text) : !agent.text
  %b = agent.prompt "Common start here.{|} And a much longer common part: {x}!"(x = %x : !agent.text) : !agent.text
  %c = agent.prompt "Common start here.{|} Else."() : !agent.text
  // CHECK: {prefix_group = 2 : i64, shared_pieces = 5 : i64}
  %0 = agent.generate @smol(%a) max_tokens(8)
  // CHECK: {prefix_group = 2 : i64, shared_pieces = 5 : i64}
  %1 = agent.generate @smol(%b) max_tokens(8)
  // CHECK: agent.generate @smol(%{{.*}}) max_tokens(8){{$}}
  %2 = agent.generate @smol(%c) max_tokens(8)
  agent.return
}
