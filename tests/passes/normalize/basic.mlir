// Numbers and labels of the user stay, missing ones are filled beside them, and
// only what has no effect is merged or dropped.
// RUN: agentc-opt --agentc-normalize %s | FileCheck %s

// The embedder goes with the index that nobody uses.
// CHECK-NOT: agent.index
// CHECK-NOT: agent.model @minilm
agent.model @minilm encoder source("all-minilm-l6-v2")
agent.index @docs source("docs/") embedder(@minilm)
// CHECK: agent.model @smol
agent.model @smol llm source("smollm2-135m-instruct")
// CHECK: agent.tool @post
agent.tool @post(text: !agent.text) -> !agent.text class(irreversible)

// CHECK-LABEL: agent.graph @sites
agent.graph @sites(%q: !agent.text) -> (!agent.text, !agent.text, !agent.text) {
  // CHECK: temperature({{.*}}) {label = "mine", site = 0 : i64}
  %a = agent.generate @smol(%q) max_tokens(8) temperature(0.7) {label = "mine", site = 0}
  // Two samples of one prompt are two calls.
  // CHECK: temperature({{.*}}) {label = "smol", site = 1 : i64}
  %b = agent.generate @smol(%q) max_tokens(8) temperature(0.7)
  // CHECK: temperature({{.*}}) {label = "smol_2", site = 2 : i64}
  %c = agent.generate @smol(%q) max_tokens(8) temperature(0.7)
  agent.return %a, %b, %c : !agent.text, !agent.text, !agent.text
}

// CHECK-LABEL: agent.graph @merge
agent.graph @merge(%q: !agent.text) -> (!agent.text, !agent.text) {
  // Greedy calls with one prompt are one call, whatever they are called.
  // CHECK: %[[A:.*]] = agent.generate @smol(%{{.*}}) max_tokens(8) {label = "a", site = 5 : i64}
  // CHECK-NOT: agent.generate
  %a = agent.generate @smol(%q) max_tokens(8) {label = "a", site = 5}
  %b = agent.generate @smol(%q) max_tokens(8) {label = "b", site = 6}
  // A tool with an effect runs although nobody uses its result.
  // CHECK: agent.call_tool @post(%{{.*}}) {label = "post"}
  %c = agent.call_tool @post(%q) : (!agent.text) -> !agent.text
  // CHECK: agent.return %[[A]], %[[A]]
  agent.return %a, %b : !agent.text, !agent.text
}
