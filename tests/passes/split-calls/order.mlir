// A tool with an effect starts after the effects before it and after all that
// may throw before it, through regions too; a pure tool starts at once.
// RUN: agentc-opt --agentc-split-calls %s | FileCheck %s

agent.tool @calc(x: !agent.text) -> !agent.text class(pure)
agent.tool @get(x: !agent.text) -> !agent.text class(idempotent)
agent.tool @post(x: !agent.text) -> !agent.text class(irreversible)

// CHECK-LABEL: agent.graph @chain
agent.graph @chain(%x: !agent.text) {
  // CHECK: %[[G:.*]] = stage.call @get(%{{.*}}) {{.*}} : (!agent.text) -> !stage.handle<!agent.text>
  // CHECK: %[[GV:.*]] = stage.await %[[G]]
  %a = agent.call_tool @get(%x) : (!agent.text) -> !agent.text
  // CHECK: %[[C:.*]] = stage.call @calc(%{{.*}}) {{.*}} : (!agent.text) ->
  // CHECK: %[[CV:.*]] = stage.await %[[C]]
  %b = agent.call_tool @calc(%x) : (!agent.text) -> !agent.text
  // CHECK: %[[P:.*]] = stage.call @post(%{{.*}}) after(%[[G]], %[[CV]])
  %c = agent.call_tool @post(%x) : (!agent.text) -> !agent.text
  // CHECK: stage.call @post(%{{.*}}) after(%[[P]])
  %d = agent.call_tool @post(%x) : (!agent.text) -> !agent.text
  agent.return
}

// CHECK-LABEL: agent.graph @regions
agent.graph @regions(%x: !agent.text, %bad: i1) {
  // A guard has no result of its own to wait for, so it gets one.
  // CHECK: %[[GUARD:.*]] = agent.cond %{{.*}} -> (i1)
  agent.cond %bad {
    // CHECK: agent.throw
    agent.throw %x kind("refused")
  } else {
    // CHECK: agent.yield %{{.*}} : i1
    agent.yield
  }
  // CHECK: %[[LOOP:.*]] = agent.loop
  %r = agent.loop (%i, %y = %x : !agent.text) max_iters(3) -> (!agent.text) {
    // CHECK: stage.call @post(%{{.*}}) after(%[[GUARD]])
    %z = agent.call_tool @post(%y) : (!agent.text) -> !agent.text
    agent.yield %z : !agent.text
  }
  // CHECK: stage.call @post(%{{.*}}) after(%[[GUARD]], %[[LOOP]])
  %e = agent.call_tool @post(%x) : (!agent.text) -> !agent.text
  agent.return
}
