// RUN: agentc-opt --agentc-verify-stages --mlir-pass-statistics %s 2>%t.stats | FileCheck %s
// RUN: FileCheck %s --check-prefix=STATS --input-file %t.stats
// What is fine: one use on each path, forks, a break, a carried sequence.
// STATS: (S) 11 snapshots

agent.model @smol llm source("smollm2-135m-instruct")

// CHECK-LABEL: agent.graph @one_each_path
agent.graph @one_each_path(%c: i1) -> (!agent.text) {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  %f = stage.kv.fork %kv {op_id = 1} -> !stage.kv
  %r, %k = agent.cond %c -> (!agent.text, !stage.kv) {
    %a, %kv1 = stage.decode @smol %kv max_tokens(8) {op_id = 2} -> (!agent.text, !stage.kv)
    agent.yield %a, %kv1 : !agent.text, !stage.kv
  } else {
    %b, %kv2 = stage.decode @smol %kv max_tokens(4) {op_id = 3} -> (!agent.text, !stage.kv)
    agent.yield %b, %kv2 : !agent.text, !stage.kv
  }
  stage.kv.close %k {op_id = 4}
  stage.kv.close %f {op_id = 5}
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @carried
agent.graph @carried(%stop: i1) {
  %kv = stage.kv.open @smol {op_id = 6} -> !stage.kv
  %r = agent.loop (%i, %s = %kv : !stage.kv) max_iters(3) -> (!stage.kv) {
    agent.break_if %stop, %s : !stage.kv
    %x, %s1 = stage.decode @smol %s max_tokens(4) {op_id = 7} -> (!agent.text, !stage.kv)
    agent.yield %s1 : !stage.kv
  }
  %list = agent.vote n(3) majority -> (!agent.text) {
  ^bb0(%i: i64):
    %f = stage.kv.fork %r {op_id = 8} -> !stage.kv
    %y, %g = stage.decode @smol %f max_tokens(4) {op_id = 9} -> (!agent.text, !stage.kv)
    stage.kv.close %g {op_id = 10}
    agent.yield %y : !agent.text
  }
  stage.kv.close %r {op_id = 11}
  agent.return
}
