// RUN: agentc-opt --agentc-mark-effects %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @pay(amount: i64) -> !agent.text class(irreversible)
agent.tool @rates(day: !agent.text) -> !agent.text class(pure)

agent.graph @buy(%n: i64, %day: !agent.text) -> !agent.text {
  // CHECK: stage.call @rates(%{{.*}}) {may_retry, may_speculate}
  %g = stage.call @rates(%day) : (!agent.text) -> !stage.handle<!agent.text>
  // CHECK: stage.call @pay(%{{.*}}) : (i64)
  %h = stage.call @pay(%n) : (i64) -> !stage.handle<!agent.text>
  // CHECK: stage.await %{{.*}} : !stage.handle
  %receipt = stage.await %h : !stage.handle<!agent.text>
  agent.return %receipt : !agent.text
}
