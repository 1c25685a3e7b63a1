// A parallel without a throw is no barrier; a session that a region hands
// through unchanged goes around it, but not around a guard.
// RUN: agentc-opt --agentc-split-calls --agentc-prune-false-edges %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @get(x: !agent.text) -> !agent.text class(idempotent)

// CHECK-LABEL: agent.graph @parallel
agent.graph @parallel(%x: !agent.text) -> (!agent.text, !agent.text) {
  // CHECK-NOT: agent.parallel
  // CHECK: %[[A:.*]], %{{.*}} = stage.decode
  // CHECK: %[[B:.*]], %{{.*}} = stage.decode
  %r:2 = agent.parallel -> (!agent.text, !agent.text) {
    %a = agent.generate @smol(%x) max_tokens(8) {site = 0}
    agent.yield %a : !agent.text
  }, {
    %b = agent.generate @smol(%x) max_tokens(9) {site = 1}
    agent.yield %b : !agent.text
  }
  // CHECK: agent.return %[[A]], %[[B]]
  agent.return %r#0, %r#1 : !agent.text, !agent.text
}

// CHECK-LABEL: agent.graph @barrier
agent.graph @barrier(%x: !agent.text) {
  // CHECK: %[[P:.*]]:2 = agent.parallel
  %r:2 = agent.parallel -> (!agent.text, !agent.text) {
    %a = agent.call_tool @get(%x) : (!agent.text) -> !agent.text
    agent.yield %a : !agent.text
  }, {
    %b = agent.call_tool @get(%x) : (!agent.text) -> !agent.text
    agent.yield %b : !agent.text
  }
  // CHECK: stage.call @get(%{{.*}}) after(%[[P]]#0)
  %c = agent.call_tool @get(%x) : (!agent.text) -> !agent.text
  agent.return
}

// CHECK-LABEL: agent.graph @session
agent.graph @session(%x: !agent.text, %c: i1) -> !agent.text {
  // CHECK: %[[OPEN:.*]] = stage.prefill
  %s = agent.open_session @smol "chat" -> !agent.session
  %k = agent.loop (%i, %t = %s : !agent.session) max_iters(3) -> (!agent.session) {
    %stop = agent.compare eq %x, %x : !agent.text
    agent.break_if %stop, %t : !agent.session
    agent.yield %t : !agent.session
  }
  // CHECK: %[[GUARD:.*]] = agent.cond
  %g = agent.cond %c -> (!agent.session) {
    // CHECK: agent.yield %[[OPEN]]
    agent.yield %k : !agent.session
  } else {
    agent.throw %x kind("refused")
  }
  // CHECK: stage.prefill @smol %[[GUARD]]
  %a, %e = agent.generate @smol(%x) session(%g) max_tokens(8) {site = 0}
  agent.return %a : !agent.text
}
