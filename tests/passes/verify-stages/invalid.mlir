// RUN: agentc-opt --agentc-verify-stages --split-input-file --verify-diagnostics %s
// Each rule that spans operations, broken once.

agent.model @smol llm source("s")
agent.graph @not_split(%q: !agent.text) {
  // expected-error@below {{is not split into stages, which agentc-verify-stages reads; run agentc-split-calls first}}
  %a = agent.generate @smol(%q) max_tokens(8)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @no_id() {
  // expected-error@below {{has no op_id; run agentc-split-calls first}}
  %kv = stage.kv.open @smol -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @same_id() {
  // expected-note@below {{by this operation}}
  %kv = stage.kv.open @smol {op_id = 3} -> !stage.kv
  // expected-error@below {{has op_id 3, which is taken}}
  stage.kv.close %kv {op_id = 3}
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @after_close() {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  // expected-note@below {{closed here}}
  stage.kv.close %kv {op_id = 1}
  // expected-error@below {{uses a KV snapshot after it is closed}}
  %f = stage.kv.fork %kv {op_id = 2} -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @each_iteration() {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  // expected-note@below {{repeated by this operation}}
  %v = agent.vote n(3) majority -> (!agent.text) {
  ^bb0(%i: i64):
    // expected-error@below {{extends a KV snapshot in each iteration; carry it through the loop, or take a stage.kv.fork inside}}
    %a, %kv1 = stage.decode @smol %kv max_tokens(8) {op_id = 1} -> (!agent.text, !stage.kv)
    agent.yield %a : !agent.text
  }
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @both_regions() {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  agent.parallel {
    // expected-note@below {{first extended here}}
    %a, %kv1 = stage.decode @smol %kv max_tokens(8) {op_id = 1} -> (!agent.text, !stage.kv)
    agent.yield
  }, {
    // expected-error@below {{extends a KV snapshot a second time}}
    %b, %kv2 = stage.decode @smol %kv max_tokens(8) {op_id = 2} -> (!agent.text, !stage.kv)
    agent.yield
  }
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @before_break(%stop: i1) {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  %r = agent.loop (%i, %s = %kv : !stage.kv) max_iters(3) -> (!stage.kv) {
    // expected-note@below {{first extended here}}
    %x, %s1 = stage.decode @smol %s max_tokens(4) {op_id = 1} -> (!agent.text, !stage.kv)
    // expected-error@below {{extends a KV snapshot a second time}}
    agent.break_if %stop, %s : !stage.kv
    agent.yield %s1 : !stage.kv
  }
  agent.return
}
