// RUN: agentc-opt --agentc-finalize-placement %s | FileCheck %s
// What the planner placed becomes a program with every crossing an operation,
// which is marked, priced and checked like all others.

#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
module attributes {agentc.device_classes = ["cpu", "gpu"]} {
  agent.model @tiny llm source("tiny") {dims = {layers = 2, d_model = 8, heads = 2, kv_heads = 1, head_dim = 4, vocab = 10, params = 1000, weight_bytes = 2000}}
  agent.graph @apart(%q: !agent.text) -> !agent.text {
    %t = stage.tokenize @tiny "{q}"(q = %q : !agent.text) {op_id = 0, placement = #cpu} -> !stage.tokens
    // CHECK: stage.transfer {{.*}} from "cpu" to "gpu" {{.*}}may_retry{{.*}}op_id = 5 : i64{{.*}}work = {{.*}}comm_bytes = 2.560000e+02
    %kv = stage.kv.open @tiny {op_id = 1} -> !stage.kv
    %kv1 = stage.prefill @tiny %kv, %t {op_id = 2, placement = #gpu} -> !stage.kv
    // 64 tokens of 64 bytes
    // CHECK: stage.kv.move {{.*}} to "cpu" {{.*}}op_id = 6 : i64{{.*}}work = {{.*}}comm_bytes = 4.096000e+03
    %a, %kv2 = stage.decode @tiny %kv1 max_tokens(8) {op_id = 3, placement = #cpu} -> (!agent.text, !stage.kv)
    // CHECK: stage.kv.close {{.*}}placement = #stage.placement<"cpu"
    stage.kv.close %kv2 {op_id = 4}
    agent.return %a : !agent.text
  }
}
