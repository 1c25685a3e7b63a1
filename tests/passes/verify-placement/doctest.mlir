// RUN: not agentc-opt --agentc-verify-placement=device-classes=cpu,gpu %s 2>&1 | FileCheck %s

#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @smol llm source("smollm2-135m-instruct")

// CHECK: error: 'stage.prefill' op runs on "gpu", operand #1 is on "cpu"; put a stage.transfer between them
// CHECK: note: it is produced here
agent.graph @apart(%q: !agent.text) {
  %kv = stage.kv.open @smol {placement = #gpu} -> !stage.kv
  %t = stage.tokenize @smol "{q}"(q = %q : !agent.text) {placement = #cpu} -> !stage.tokens
  %kv1 = stage.prefill @smol %kv, %t {placement = #gpu} -> !stage.kv
  agent.return
}
