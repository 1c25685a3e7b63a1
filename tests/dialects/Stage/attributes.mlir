// RUN: agentc-opt %s | agentc-opt | FileCheck %s
// What the planner and the annotating passes attach survives, numbers exactly.

agent.model @smol llm source("smollm2-135m-instruct")

agent.graph @annotated() -> () {
  // CHECK: stage.kv.open
  // CHECK-SAME: est_tokens = {context = 0.000000e+00 : f64}
  // CHECK-SAME: may_speculate
  // CHECK-SAME: op_id = 7 : i64
  // CHECK-SAME: placement = #stage.placement<"local-cpu", replicas = 2, tp = 1, pp = 1, max_batch = 8, precision = "f32">
  // CHECK-SAME: work = #stage.work<flops = 1.000000e+09, bytes_read = 5.000000e-01, bytes_written = 0.000000e+00, state_bytes = 123456789012.5, comm_bytes = 1.000000e-01, calls = 1.000000e+00>
  %0 = stage.kv.open @smol {op_id = 7 : i64, may_speculate,
    est_tokens = {context = 0.0 : f64},
    placement = #stage.placement<"local-cpu", replicas = 2, tp = 1, pp = 1, max_batch = 8, precision = "f32">,
    work = #stage.work<flops = 1.0e9, bytes_read = 0.5, bytes_written = 0.0, state_bytes = 123456789012.5, comm_bytes = 0.1, calls = 1.0>} -> !stage.kv
  agent.return
}
