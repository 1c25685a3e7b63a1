// RUN: not agentc-opt --agentc-verify-stages %s 2>&1 | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")

// CHECK: error: 'stage.decode' op extends a KV snapshot a second time; take a stage.kv.fork of it first
// CHECK: note: first extended here
agent.graph @two_answers() -> (!agent.text, !agent.text) {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  %a, %kv1 = stage.decode @smol %kv max_tokens(8) {op_id = 1} -> (!agent.text, !stage.kv)
  %b, %kv2 = stage.decode @smol %kv max_tokens(8) {op_id = 2} -> (!agent.text, !stage.kv)
  agent.return %a, %b : !agent.text, !agent.text
}
