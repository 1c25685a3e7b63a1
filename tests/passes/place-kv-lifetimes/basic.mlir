// RUN: agentc-opt --agentc-place-kv-lifetimes --agentc-verify-stages %s | FileCheck %s
// A snapshot is closed on every path on which nobody extends it or hands it on.

agent.model @smol llm source("smollm2-135m-instruct")

// Extended in one region, closed at once in the other.
// CHECK-LABEL: agent.graph @branch
// CHECK: %[[KV:.*]] = stage.kv.open
// CHECK: agent.cond
// CHECK-NEXT: %{{.*}}, %[[OUT:.*]] = stage.decode @smol %[[KV]]
// CHECK-NEXT: stage.kv.close %[[OUT]]
// CHECK: } else {
// CHECK-NEXT: stage.kv.close %[[KV]]
// CHECK-NEXT: agent.yield
// CHECK: agent.return
agent.graph @branch(%c: i1, %q: !agent.text) -> !agent.text {
  %kv = stage.kv.open @smol {op_id = 0} -> !stage.kv
  %r = agent.cond %c -> (!agent.text) {
    %x, %kv1 = stage.decode @smol %kv max_tokens(4) {op_id = 1} -> (!agent.text, !stage.kv)
    agent.yield %x : !agent.text
  } else {
    agent.yield %q : !agent.text
  }
  agent.return %r : !agent.text
}

// Borrowed by forks in a map: closed behind it; the forks inside.
// CHECK-LABEL: agent.graph @borrowed
// CHECK: %[[KV:.*]] = stage.kv.open
// CHECK: agent.map
// CHECK: stage.kv.close %[[OUT:.*]] {
// CHECK-NEXT: agent.yield
// CHECK: }
// CHECK-NEXT: stage.kv.close %[[KV]]
agent.graph @borrowed(%xs: !agent.list<!agent.text>) {
  %kv = stage.kv.open @smol {op_id = 2} -> !stage.kv
  agent.map %xs : !agent.list<!agent.text> {
  ^bb0(%i: i64, %x: !agent.text):
    %f = stage.kv.fork %kv {op_id = 3} -> !stage.kv
    %y, %g = stage.decode @smol %f max_tokens(4) {op_id = 4} -> (!agent.text, !stage.kv)
    agent.yield
  }
  agent.return
}

// Handed on by the loop, also when it breaks; nothing is left to close inside.
// CHECK-LABEL: agent.graph @carried
// CHECK: %[[R:.*]] = agent.loop
// CHECK-NOT: stage.kv.close
// CHECK: agent.yield
// CHECK-NEXT: }
// CHECK-NEXT: stage.kv.close %[[R]]
agent.graph @carried(%stop: i1) {
  %kv = stage.kv.open @smol {op_id = 5} -> !stage.kv
  %r = agent.loop (%i, %s = %kv : !stage.kv) max_iters(3) -> (!stage.kv) {
    agent.break_if %stop, %s : !stage.kv
    %x, %s1 = stage.decode @smol %s max_tokens(4) {op_id = 6} -> (!agent.text, !stage.kv)
    agent.yield %s1 : !stage.kv
  }
  agent.return
}

// A path that throws gives up what it owns.
// CHECK-LABEL: agent.graph @thrown
// CHECK: agent.throw
// CHECK-NEXT: } else {
// CHECK: stage.decode
agent.graph @thrown(%c: i1, %q: !agent.text) -> !agent.text {
  %kv = stage.kv.open @smol {op_id = 7} -> !stage.kv
  %r = agent.cond %c -> (!agent.text) {
    agent.throw %q kind("user")
  } else {
    %x, %kv1 = stage.decode @smol %kv max_tokens(4) {op_id = 8} -> (!agent.text, !stage.kv)
    agent.yield %x : !agent.text
  }
  agent.return %r : !agent.text
}
