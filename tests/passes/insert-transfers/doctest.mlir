// RUN: agentc-opt --agentc-insert-transfers %s | FileCheck %s

#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @smol llm source("smollm2-135m-instruct")

agent.graph @apart(%q: !agent.text) -> !agent.text {
  // CHECK: %[[T:.*]] = stage.tokenize
  // CHECK: %[[MOVED:.*]] = stage.transfer %[[T]] from "cpu" to "gpu" {op_id = 5 : i64, placement = #stage.placement<"gpu",
  %t = stage.tokenize @smol "{<user}{q}{user>}{<assistant}"(q = %q : !agent.text) {op_id = 0, placement = #cpu} -> !stage.tokens
  // The sequence opens where it is first computed on.
  // CHECK: stage.kv.open @smol {op_id = 1 : i64, placement = #stage.placement<"gpu",
  %kv = stage.kv.open @smol {op_id = 1} -> !stage.kv
  // CHECK: %[[KV1:.*]] = stage.prefill @smol %{{.*}}, %[[MOVED]]
  %kv1 = stage.prefill @smol %kv, %t {op_id = 2, placement = #gpu} -> !stage.kv
  // CHECK: %[[HERE:.*]] = stage.kv.move %[[KV1]] to "cpu" {op_id = 6 : i64, placement = #stage.placement<"cpu",
  // CHECK: %{{.*}}, %[[KV2:.*]] = stage.decode @smol %[[HERE]]
  %a, %kv2 = stage.decode @smol %kv1 max_tokens(64) {op_id = 3, placement = #cpu} -> (!agent.text, !stage.kv)
  // CHECK: stage.kv.close %[[KV2]] {op_id = 4 : i64, placement = #stage.placement<"cpu",
  stage.kv.close %kv2 {op_id = 4}
  agent.return %a : !agent.text
}
