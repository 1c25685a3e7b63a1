// RUN: agentc-opt %s | agentc-opt | FileCheck %s
// RUN: agentc-opt --mlir-print-op-generic %s | agentc-opt | FileCheck %s
// Every operation on tokens and sequences survives printing and parsing.

agent.model @smol llm source("smollm2-135m-instruct")
agent.schema @Plan : !agent.record<"Plan", goal: !agent.text> json("{}")

// CHECK-LABEL: agent.graph @sequence
agent.graph @sequence(%q: !agent.text, %n: i64) -> (!agent.text) {
  // CHECK: %[[T:.*]] = stage.tokenize @smol "{<user}Ask {|}about {q} x{{[{][{]}}1{{[}][}]}} {n}{user>}{<assistant}"(q = %{{.*}} : !agent.text, n = %{{.*}} : i64) -> !stage.tokens
  %t = stage.tokenize @smol "{<user}Ask {|}about {q} x{{1}} {n}{user>}{<assistant}"(q = %q : !agent.text, n = %n : i64) -> !stage.tokens
  // CHECK: %[[E:.*]] = stage.tokenize @smol "{user>}"() -> !stage.tokens
  %e = stage.tokenize @smol "{user>}"() -> !stage.tokens
  // CHECK: %[[KV0:.*]] = stage.kv.open @smol session "chat" -> !stage.kv
  %kv0 = stage.kv.open @smol session "chat" -> !stage.kv
  // CHECK: %[[KV1:.*]] = stage.kv.append %[[KV0]], %[[E]] -> !stage.kv
  %kv1 = stage.kv.append %kv0, %e -> !stage.kv
  // CHECK: %[[KV2:.*]] = stage.prefill @smol %[[KV1]], %[[T]] -> !stage.kv
  %kv2 = stage.prefill @smol %kv1, %t -> !stage.kv
  // CHECK: %[[FORK:.*]] = stage.kv.fork %[[KV2]] -> !stage.kv
  %fork = stage.kv.fork %kv2 -> !stage.kv
  // CHECK: stage.decode @smol %[[KV2]] max_tokens(64) temperature(7.500000e-01) top_k(40) top_p(9.000000e-01) min_p(5.000000e-02) seed(7) stop(["\0A\0A"]) schema(@Plan) out_tokens(#agent.dist<lognormal [9.000000e+01, 2.200000e+02] declared>) stream site(3) -> (!agent.text, !stage.kv)
  %text, %kv3 = stage.decode @smol %kv2 max_tokens(64) temperature(0.75) top_k(40) top_p(0.9) min_p(0.05) seed(7) stop(["\0A\0A"]) schema(@Plan) out_tokens(#agent.dist<lognormal [9.0e+01, 2.2e+02] declared>) stream site(3) -> (!agent.text, !stage.kv)
  // CHECK: %[[P:.*]] = stage.kv.park %[[FORK]] idle(#agent.dist<constant [2.000000e+00] profiled>) steps_to_use(4) -> !stage.kv
  %p = stage.kv.park %fork idle(#agent.dist<constant [2.0] profiled>) steps_to_use(4) -> !stage.kv
  // CHECK: %[[M:.*]] = stage.kv.move %[[P]] to "h200" -> !stage.kv
  %m = stage.kv.move %p to "h200" -> !stage.kv
  // CHECK: %[[R:.*]] = stage.kv.resume %[[M]] after(%{{.*}}, %{{.*}} : !agent.text, i64) -> !stage.kv
  %r = stage.kv.resume %m after(%q, %n : !agent.text, i64) -> !stage.kv
  // CHECK: stage.decode @smol %[[R]] max_tokens(8) choices(["yes", "no"])
  %word, %kv4 = stage.decode @smol %r max_tokens(8) choices(["yes", "no"]) -> (!agent.text, !stage.kv)
  // CHECK: stage.kv.close
  stage.kv.close %kv4
  stage.kv.close %kv3
  agent.return %word : !agent.text
}
