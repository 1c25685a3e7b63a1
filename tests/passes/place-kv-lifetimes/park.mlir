// RUN: agentc-opt --agentc-place-kv-lifetimes --agentc-verify-stages %s | FileCheck %s
// RUN: agentc-opt --agentc-place-kv-lifetimes=min-idle-s=100.0 %s | FileCheck %s --check-prefix=PATIENT
// When a sequence is parked, and for how long.

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @slow(q: !agent.text) -> !agent.text class(pure) latency(#agent.dist<constant [30.0] declared>)
agent.tool @quick(q: !agent.text) -> !agent.text class(pure) latency(#agent.dist<constant [0.001] declared>)

// The longest wait counts; the loop hands the resumed sequence on.
// CHECK-LABEL: agent.graph @in_a_loop
// CHECK: agent.break_if
// CHECK-NEXT: %[[P:.*]] = stage.kv.park %{{.*}} idle(#agent.dist<constant [3.000000e+01] declared>) steps_to_use(4)
// CHECK: %[[R:.*]] = stage.kv.resume %[[P]] after(%[[A:.*]], %[[B:.*]] : !agent.text, !agent.text)
// CHECK-NEXT: agent.yield %{{.*}}, %[[R]]
// PATIENT-LABEL: agent.graph @in_a_loop
// PATIENT-NOT: stage.kv.park
agent.graph @in_a_loop(%q: !agent.text, %stop: i1) -> !agent.text {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  %r, %s = agent.loop (%i, %x = %q : !agent.text, %k = %kv : !stage.kv) max_iters(3) -> (!agent.text, !stage.kv) {
    %t = stage.tokenize @smol "{x}"(x = %x : !agent.text) {op_id = 1} -> !stage.tokens
    %k1 = stage.prefill @smol %k, %t {op_id = 2} -> !stage.kv
    %y, %k2 = stage.decode @smol %k1 max_tokens(4) {op_id = 3} -> (!agent.text, !stage.kv)
    agent.break_if %stop, %y, %k2 : !agent.text, !stage.kv
    %h = stage.call @quick(%y) {op_id = 4} : (!agent.text) -> !stage.handle<!agent.text>
    %g = stage.call @slow(%y) {op_id = 5} : (!agent.text) -> !stage.handle<!agent.text>
    %a = stage.await %h {op_id = 6} : !stage.handle<!agent.text>
    %b = stage.await %g {op_id = 7} : !stage.handle<!agent.text>
    %z = agent.concat %a, %b : !agent.text
    agent.yield %z, %k2 : !agent.text, !stage.kv
  }
  agent.return %r : !agent.text
}

// A person takes as long as a person takes: no `idle`, whatever the limit.
// CHECK-LABEL: agent.graph @person
// CHECK: stage.kv.park %{{.*}} steps_to_use(1) {
// PATIENT-LABEL: agent.graph @person
// PATIENT: stage.kv.park %{{.*}} steps_to_use(1) {
agent.graph @person() {
  %kv = stage.kv.open @smol {op_id = 8} -> !stage.kv
  %ok = agent.await_event "approval" -> !agent.text
  %t = stage.tokenize @smol "{ok}"(ok = %ok : !agent.text) {op_id = 9} -> !stage.tokens
  %k1 = stage.prefill @smol %kv, %t {op_id = 10} -> !stage.kv
  agent.return
}

// Too short to bother; and a wait that the next use does not build on.
// CHECK-LABEL: agent.graph @not_worth_it
// CHECK-NOT: stage.kv.park
agent.graph @not_worth_it(%q: !agent.text) -> !agent.text {
  %kv = stage.kv.open @smol {op_id = 11} -> !stage.kv
  %h = stage.call @quick(%q) {op_id = 12} : (!agent.text) -> !stage.handle<!agent.text>
  %a = stage.await %h {op_id = 13} : !stage.handle<!agent.text>
  %t = stage.tokenize @smol "{a}"(a = %a : !agent.text) {op_id = 14} -> !stage.tokens
  %k1 = stage.prefill @smol %kv, %t {op_id = 15} -> !stage.kv
  %g = stage.call @slow(%q) {op_id = 16} : (!agent.text) -> !stage.handle<!agent.text>
  %b = stage.await %g {op_id = 17} : !stage.handle<!agent.text>
  %x, %k2 = stage.decode @smol %k1 max_tokens(4) {op_id = 18} -> (!agent.text, !stage.kv)
  agent.return %b : !agent.text
}
