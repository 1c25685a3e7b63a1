// RUN: agentc-opt --agentc-hoist-prefixes %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")

agent.graph @twice(%law: !agent.text) -> (!agent.text, !agent.text) {
  // CHECK: %[[KV:.*]] = stage.kv.open @smol
  // CHECK: %[[T:.*]] = stage.tokenize @smol "{<default>}{<user}The law says: {law}"(law = %{{.*}} : !agent.text)
  // CHECK: %[[PREFIX:.*]] = stage.prefill @smol %[[KV]], %[[T]]
  // CHECK: %[[REST1:.*]] = stage.tokenize @smol "Sum it up.{user>}{<assistant}"()
  // CHECK: %[[FORK1:.*]] = stage.kv.fork %[[PREFIX]]
  // CHECK: stage.prefill @smol %[[FORK1]], %[[REST1]]
  // CHECK: %[[REST2:.*]] = stage.tokenize @smol "Whom does it protect?{user>}{<assistant}"()
  // CHECK: %[[FORK2:.*]] = stage.kv.fork %[[PREFIX]]
  // CHECK: stage.prefill @smol %[[FORK2]], %[[REST2]]
  %kv0 = stage.kv.open @smol {op_id = 0} -> !stage.kv
  %t0 = stage.tokenize @smol "{<default>}{<user}The law says: {law}Sum it up.{user>}{<assistant}"(law = %law : !agent.text) {op_id = 1, prefix_group = 0, shared_pieces = 4} -> !stage.tokens
  %a0 = stage.prefill @smol %kv0, %t0 {op_id = 2} -> !stage.kv
  %x, %a1 = stage.decode @smol %a0 max_tokens(64) {op_id = 3} -> (!agent.text, !stage.kv)
  %kv1 = stage.kv.open @smol {op_id = 4} -> !stage.kv
  %t1 = stage.tokenize @smol "{<default>}{<user}The law says: {text}Whom does it protect?{user>}{<assistant}"(text = %law : !agent.text) {op_id = 5, prefix_group = 0, shared_pieces = 4} -> !stage.tokens
  %b0 = stage.prefill @smol %kv1, %t1 {op_id = 6} -> !stage.kv
  %y, %b1 = stage.decode @smol %b0 max_tokens(64) {op_id = 7} -> (!agent.text, !stage.kv)
  agent.return %x, %y : !agent.text, !agent.text
}
