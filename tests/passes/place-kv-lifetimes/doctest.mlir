// RUN: agentc-opt --agentc-place-kv-lifetimes %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @search(q: !agent.text) -> !agent.text class(pure) latency(#agent.dist<lognormal [1.0, 4.0] declared>)

agent.graph @ask(%q: !agent.text) -> !agent.text {
  %kv = stage.kv.open @smol session "chat" {op_id = 0} -> !stage.kv
  %t = stage.tokenize @smol "{<user}{q}{user>}{<assistant}"(q = %q : !agent.text) {op_id = 1} -> !stage.tokens
  %kv1 = stage.prefill @smol %kv, %t {op_id = 2} -> !stage.kv
  // CHECK: %{{.*}}, %[[KV2:.*]] = stage.decode
  // CHECK: %[[PARKED:.*]] = stage.kv.park %[[KV2]] idle(#agent.dist<lognormal [1.000000e+00, 4.000000e+00] declared>) steps_to_use(3)
  // CHECK: %[[ANSWER:.*]] = stage.await
  // CHECK: %[[KV3:.*]] = stage.kv.resume %[[PARKED]] after(%[[ANSWER]] : !agent.text)
  // CHECK: stage.prefill @smol %[[KV3]]
  // CHECK: %{{.*}}, %[[LAST:.*]] = stage.decode
  // CHECK: stage.kv.close %[[LAST]]
  %query, %kv2 = stage.decode @smol %kv1 max_tokens(16) {op_id = 3} -> (!agent.text, !stage.kv)
  %h = stage.call @search(%query) {op_id = 4} : (!agent.text) -> !stage.handle<!agent.text>
  %hit = stage.await %h {op_id = 5} : !stage.handle<!agent.text>
  %t3 = stage.tokenize @smol "{<tool}{hit}{tool>}{<assistant}"(hit = %hit : !agent.text) {op_id = 6} -> !stage.tokens
  %kv3 = stage.prefill @smol %kv2, %t3 {op_id = 7} -> !stage.kv
  %a, %kv4 = stage.decode @smol %kv3 max_tokens(64) {op_id = 8} -> (!agent.text, !stage.kv)
  agent.return %a : !agent.text
}
