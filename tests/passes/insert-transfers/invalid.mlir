// RUN: agentc-opt --agentc-insert-transfers --split-input-file --verify-diagnostics %s
// A break cannot move a sequence that the iteration may go on with; and before
// calls are split nothing has a place.

#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @left_elsewhere(%stop: i1) {
  %kv = stage.kv.open @smol {placement = #cpu} -> !stage.kv
  %r = agent.loop (%i, %s = %kv : !stage.kv) max_iters(3) -> (!stage.kv) {
    %x, %a = stage.decode @smol %s max_tokens(8) {placement = #gpu} -> (!agent.text, !stage.kv)
    // expected-error@below {{leaves the loop with a sequence on "gpu", which the loop carries on "cpu"; place the loop's stages on one class}}
    agent.break_if %stop, %a : !stage.kv
    agent.yield %a : !stage.kv
  }
  agent.return
}

// -----
agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @early(%q: !agent.text) {
  // expected-error@below {{is not split into stages, which agentc-insert-transfers reads; run agentc-split-calls first}}
  %a = agent.generate @smol(%q) max_tokens(8)
  agent.return
}
