// RUN: agentc-opt --agentc-verify-placement=device-classes=cpu,gpu --mlir-pass-statistics %s 2>%t.stats | FileCheck %s
// RUN: FileCheck %s --check-prefix=STATS --input-file %t.stats
// RUN: agentc-opt --agentc-verify-placement %s | FileCheck %s
// Every stage placed, every crossing an operation: accepted, also when nobody
// names the classes. What the orchestrator holds is on no class.
// STATS: (S) 6 stages

#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @smol llm source("smollm2-135m-instruct")

// CHECK-LABEL: agent.graph @crossing
agent.graph @crossing(%q: !agent.text) -> !agent.text {
  %p = agent.prompt "Say {q}"(q = %q : !agent.text) : !agent.text
  %t = stage.tokenize @smol "{p}"(p = %p : !agent.text) {placement = #cpu} -> !stage.tokens
  %m = stage.transfer %t from "cpu" to "gpu" {placement = #gpu} : !stage.tokens
  %kv = stage.kv.open @smol {placement = #gpu} -> !stage.kv
  %kv1 = stage.prefill @smol %kv, %m {placement = #gpu} -> !stage.kv
  %kv2 = stage.kv.move %kv1 to "cpu" {placement = #cpu} -> !stage.kv
  %a, %kv3 = stage.decode @smol %kv2 max_tokens(8) {placement = #cpu} -> (!agent.text, !stage.kv)
  agent.return %a : !agent.text
}
