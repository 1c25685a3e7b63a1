// Control flow: branches, loops, maps, parallel regions, votes, races, errors.
// RUN: agentc-opt %s | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --mlir-print-op-generic | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --emit-bytecode | agentc-opt | FileCheck %s

// CHECK-LABEL: agent.graph @cond
agent.graph @cond(%c: i1, %a: !agent.text, %b: !agent.text) -> !agent.text {
  // CHECK: agent.cond %{{.*}} p_true(2.500000e-01) -> (!agent.text) {
  %r = agent.cond %c p_true(0.25) -> (!agent.text) {
    agent.yield %a : !agent.text
  // CHECK: } else {
  } else {
    // CHECK: agent.throw %{{.*}} kind("refused")
    agent.throw %b kind("refused")
  }
  agent.cond %c {
    // CHECK: agent.yield{{$}}
    agent.yield
  } else {
    agent.yield
  }
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @switch
agent.graph @switch(%s: !agent.text, %n: i64) -> !agent.text {
  // CHECK: agent.switch %{{.*}} : !agent.text cases ["a", "b"] weights [5.000000e-01, 3.000000e-01, 2.000000e-01] -> (!agent.text) {
  %r = agent.switch %s : !agent.text cases ["a", "b"] weights [0.5, 0.3, 0.2] -> (!agent.text) {
    agent.yield %s : !agent.text
  // CHECK: }, {
  }, {
    agent.yield %s : !agent.text
  // CHECK: } default {
  } default {
    agent.throw %s kind("unknown")
  }
  // CHECK: agent.switch %{{.*}} : i64 cases [0, 7] {
  agent.switch %n : i64 cases [0, 7] {
    agent.yield
  }, {
    agent.yield
  } default {
    agent.yield
  }
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @loop
agent.graph @loop(%t: !agent.text, %c: i1) -> (!agent.text, i64) {
  // CHECK: agent.loop (%{{.*}}, %[[A:.*]] = %{{.*}} : !agent.text, %[[N:.*]] = %{{.*}} : i64) max_iters(3) p_stop(7.500000e-01)
  // CHECK-SAME: iters(#agent.dist<constant [2.000000e+00] profiled>) -> (!agent.text, i64) {
  %n = agent.constant 0 : i64
  %r:2 = agent.loop (%i, %a = %t : !agent.text, %m = %n : i64) max_iters(3) p_stop(0.75)
      iters(#agent.dist<constant [2.0] profiled>) -> (!agent.text, i64) {
    // CHECK: agent.break_if %{{.*}}, %[[A]], %[[N]] : !agent.text, i64
    agent.break_if %c, %a, %m : !agent.text, i64
    agent.yield %a, %i : !agent.text, i64
  }
  // CHECK: agent.loop (%{{.*}}) max_iters(1) {
  agent.loop (%i) max_iters(1) {
    agent.yield
  }
  agent.return %r#0, %r#1 : !agent.text, i64
}

// CHECK-LABEL: agent.graph @map
agent.graph @map(%l: !agent.list<!agent.text>, %d: !agent.docs) -> !agent.list<i64> {
  // CHECK: agent.map %{{.*}} : !agent.list<!agent.text> width(#agent.dist<uniform [1.000000e+00, 8.000000e+00] declared>) max_parallel(4) -> (!agent.list<i64>) {
  // CHECK-NEXT: ^bb0(%{{.*}}: i64, %{{.*}}: !agent.text):
  %r = agent.map %l : !agent.list<!agent.text> width(#agent.dist<uniform [1.0, 8.0] declared>)
      max_parallel(4) -> (!agent.list<i64>) {
  ^bb0(%i: i64, %x: !agent.text):
    agent.yield %i : i64
  }
  // CHECK: agent.map %{{.*}} : !agent.docs {
  agent.map %d : !agent.docs {
  ^bb0(%i: i64, %x: !agent.record<"Passage", id: !agent.text, source: !agent.text, text: !agent.text, score: f64>):
    agent.yield
  }
  agent.return %r : !agent.list<i64>
}

// CHECK-LABEL: agent.graph @parallel
agent.graph @parallel(%t: !agent.text) -> (!agent.text, i64) {
  // CHECK: agent.parallel -> (!agent.text, i64) {
  %r:2 = agent.parallel -> (!agent.text, i64) {
    agent.yield %t : !agent.text
  // CHECK: }, {
  }, {
    %n = agent.constant 1 : i64
    agent.yield %n : i64
  }
  agent.return %r#0, %r#1 : !agent.text, i64
}

// CHECK-LABEL: agent.graph @vote
agent.graph @vote(%t: !agent.text) -> (!agent.text, f64) {
  // CHECK: agent.vote n(5) majority quorum(3) cancel_rest -> (!agent.text) {
  %r = agent.vote n(5) majority quorum(3) cancel_rest -> (!agent.text) {
  ^bb0(%i: i64):
    agent.yield %t : !agent.text
  }
  // CHECK: agent.vote n(3) mean -> (f64) {
  %m = agent.vote n(3) mean -> (f64) {
  ^bb0(%i: i64):
    agent.yield %i : i64
  }
  agent.return %r, %m : !agent.text, f64
}

// CHECK-LABEL: agent.graph @race
agent.graph @race(%t: !agent.text) -> !agent.text {
  // CHECK: agent.race -> (!agent.text) {
  %r = agent.race -> (!agent.text) {
    agent.yield %t : !agent.text
  // CHECK: }, {
  }, {
    agent.throw %t kind("slow")
  }
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @try
agent.graph @try(%t: !agent.text) -> !agent.text {
  // CHECK: agent.try -> (!agent.text) {
  %r = agent.try -> (!agent.text) {
    agent.throw %t kind("bad")
  // CHECK: } catch {
  // CHECK-NEXT: ^bb0(%{{.*}}: !agent.record<"Error", kind: !agent.text, message: !agent.text>):
  } catch {
  ^bb0(%e: !agent.record<"Error", kind: !agent.text, message: !agent.text>):
    %m = agent.get_field %e["message"] : !agent.record<"Error", kind: !agent.text, message: !agent.text>
    agent.yield %m : !agent.text
  }
  agent.return %r : !agent.text
}
