// RUN: agentc-opt --agentc-normalize %s | FileCheck %s

// CHECK-NOT: @unused
// CHECK: agent.model @smol
agent.model @unused llm source("smollm2-135m-instruct")
agent.model @smol llm source("smollm2-135m-instruct")

// CHECK: agent.graph @answer
agent.graph @answer(%question: !agent.text) -> !agent.text {
  // CHECK-NOT: agent.length
  %n = agent.length %question : !agent.text
  // CHECK: agent.generate @smol(%{{.*}}) max_tokens(32) {label = "smol", site = 0 : i64}
  %draft = agent.generate @smol(%question) max_tokens(32)
  // CHECK: agent.generate @smol(%{{.*}}) max_tokens(32) {label = "smol_2", site = 1 : i64}
  %final = agent.generate @smol(%draft) max_tokens(32)
  agent.return %final : !agent.text
}
