// RUN: agentc-opt --agentc-verify-placement --split-input-file --verify-diagnostics %s
// Each reason to refuse a placement.

agent.model @smol llm source("s")
agent.graph @unplaced() {
  // expected-error@below {{has no placement; place it on a device class of the cluster}}
  %kv = stage.kv.open @smol -> !stage.kv
  agent.return
}

// -----
module attributes {agentc.device_classes = ["gpu", "cpu"]} {
  agent.model @smol llm source("s")
  agent.graph @unknown_class() {
    // expected-error@below {{is placed on "tpu", expected one of "cpu", "gpu"}}
    %kv = stage.kv.open @smol {placement = #stage.placement<"tpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">} -> !stage.kv
    agent.return
  }
}

// -----
#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @smol llm source("s")
agent.graph @kv_crosses() {
  // expected-note@below {{it is produced here}}
  %kv = stage.kv.open @smol {placement = #cpu} -> !stage.kv
  // expected-error@below {{runs on "gpu", operand #0 is on "cpu"; put a stage.kv.move between them}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(8) {placement = #gpu} -> (!agent.text, !stage.kv)
  agent.return
}

// -----
#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
agent.model @smol llm source("s")
agent.graph @moved_past() {
  %kv = stage.kv.open @smol {placement = #cpu} -> !stage.kv
  // expected-error@below {{moves to "gpu", but is placed on "cpu"; place it where it moves to}}
  %m = stage.kv.move %kv to "gpu" {placement = #cpu} -> !stage.kv
  agent.return
}

// -----
#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @minilm encoder source("m")
agent.graph @not_there(%q: !agent.text) {
  %e = stage.encode @minilm(%q) {placement = #cpu} : !agent.text -> !agent.embedding<384>
  // expected-error@below {{moves from "tpu", but the value is on "cpu"}}
  %m = stage.transfer %e from "tpu" to "gpu" {placement = #gpu} : !agent.embedding<384>
  agent.return
}

// -----
#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @smol llm source("s")
agent.graph @two_ways(%c: i1) {
  %a = stage.kv.open @smol {placement = #cpu} -> !stage.kv
  %b = stage.kv.open @smol {placement = #gpu} -> !stage.kv
  // expected-error@below {{hands on a sequence that is on "cpu" one way and on "gpu" another; put a stage.kv.move before the yield}}
  %r = agent.cond %c -> (!stage.kv) {
    agent.yield %a : !stage.kv
  } else {
    agent.yield %b : !stage.kv
  }
  agent.return
}
