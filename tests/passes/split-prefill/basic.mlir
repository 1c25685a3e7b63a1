// The cut is in front of the first piece that waits for something the pieces
// and the session before it do not wait for; without one there is no cut.
// RUN: agentc-opt --agentc-split-calls --agentc-split-prefill %s | FileCheck %s
// RUN: agentc-opt --agentc-split-calls --agentc-split-prefill="max-cuts=2" %s | FileCheck %s --check-prefix=TWO

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @get(x: !agent.text) -> !agent.text class(pure)

// A prompt that starts with the tool's output has nothing to prefill.
// CHECK-LABEL: agent.graph @front
agent.graph @front(%q: !agent.text) -> !agent.text {
  %x = agent.call_tool @get(%q) : (!agent.text) -> !agent.text
  %p = agent.prompt "{x} is the answer to {q}"(x = %x : !agent.text, q = %q : !agent.text) : !agent.text
  // CHECK-COUNT-1: stage.prefill
  // CHECK-NOT: stage.prefill
  %a = agent.generate @smol(%p) max_tokens(8) {site = 0}
  agent.return %a : !agent.text
}

// What came with the call before it is not late.
// CHECK-LABEL: agent.graph @turn
agent.graph @turn(%q: !agent.text) -> !agent.text {
  %s = agent.open_session @smol "chat" -> !agent.session
  %a, %t = agent.generate @smol(%q) session(%s) max_tokens(8) {site = 0}
  %p = agent.prompt "Check this: {a}"(a = %a : !agent.text) : !agent.text
  // CHECK: stage.tokenize @smol "{<user}Check this: {a}{user>}{<assistant}"
  %b, %u = agent.generate @smol(%p) session(%t) max_tokens(8) {site = 1}
  agent.return %b : !agent.text
}

// Two tools: one cut, or one in front of each that comes on its own.
// CHECK-LABEL: agent.graph @two
// TWO-LABEL: agent.graph @two
agent.graph @two(%q: !agent.text) -> !agent.text {
  %x = agent.call_tool @get(%q) : (!agent.text) -> !agent.text
  %y = agent.call_tool @get(%x) : (!agent.text) -> !agent.text
  %p = agent.prompt "One: {x} two: {y} three: {x}"(x = %x : !agent.text, y = %y : !agent.text) : !agent.text
  // CHECK: stage.tokenize @smol "{<default>}{<user}One:"()
  // CHECK: stage.tokenize @smol " {x} two: {y} three: {x}{user>}{<assistant}"
  // TWO: stage.tokenize @smol " {x} two:"(x = %{{.*}} : !agent.text) {op_id = {{[0-9]+}} : i64}
  // TWO: stage.tokenize @smol " {y} three: {x}{user>}{<assistant}"
  %a = agent.generate @smol(%p) max_tokens(8) {site = 0, prefix_group = 2, shared_pieces = 7}
  agent.return %a : !agent.text
}

// What a region takes from outside is there when it starts.
// CHECK-LABEL: agent.graph @outside
agent.graph @outside(%q: !agent.text, %c: i1) -> !agent.text {
  %x = agent.call_tool @get(%q) : (!agent.text) -> !agent.text
  %r = agent.cond %c -> (!agent.text) {
    %p = agent.prompt "Use this: {x}"(x = %x : !agent.text) : !agent.text
    // CHECK: stage.tokenize @smol "{<default>}{<user}Use this: {x}{user>}{<assistant}"
    %a = agent.generate @smol(%p) max_tokens(8) {site = 0}
    agent.yield %a : !agent.text
  } else {
    agent.yield %q : !agent.text
  }
  agent.return %r : !agent.text
}
