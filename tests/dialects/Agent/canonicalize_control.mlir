// Control flow that is known at compile time.
// RUN: agentc-opt %s --canonicalize | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")

// CHECK-LABEL: agent.graph @cond_on_constant
// CHECK-NEXT: agent.return %arg1
agent.graph @cond_on_constant(%a: !agent.text, %b: !agent.text) -> !agent.text {
  %c = agent.constant false
  %r = agent.cond %c -> (!agent.text) {
    agent.yield %a : !agent.text
  } else {
    agent.yield %b : !agent.text
  }
  agent.return %r : !agent.text
}

// A throw cannot leave its region.
// CHECK-LABEL: agent.graph @cond_that_throws
// CHECK: agent.cond
// CHECK: agent.throw
agent.graph @cond_that_throws(%a: !agent.text) -> !agent.text {
  %c = agent.constant true
  %r = agent.cond %c -> (!agent.text) {
    agent.throw %a kind("refused")
  } else {
    agent.yield %a : !agent.text
  }
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @switch_on_constant
// CHECK-NEXT: agent.return %arg1, %arg2
agent.graph @switch_on_constant(%a: !agent.text, %b: !agent.text, %d: !agent.text) -> (!agent.text, !agent.text) {
  %s = agent.constant "b" : !agent.text
  %n = agent.constant 9 : i64
  %r = agent.switch %s : !agent.text cases ["a", "b"] -> (!agent.text) {
    agent.yield %a : !agent.text
  }, {
    agent.yield %b : !agent.text
  } default {
    agent.yield %d : !agent.text
  }
  %t = agent.switch %n : i64 cases [1] -> (!agent.text) {
    agent.yield %a : !agent.text
  } default {
    agent.yield %d : !agent.text
  }
  agent.return %r, %t : !agent.text, !agent.text
}

// CHECK-LABEL: agent.graph @loop_that_breaks_at_once
// CHECK-NEXT: %[[ZERO:.*]] = agent.constant 0 : i64
// CHECK-NEXT: %[[CALL:.*]] = agent.generate @smol(%arg0) max_tokens(4)
// CHECK-NEXT: agent.return %[[CALL]], %[[ZERO]]
agent.graph @loop_that_breaks_at_once(%t: !agent.text) -> (!agent.text, i64) {
  %yes = agent.constant true
  %n = agent.constant 5 : i64
  %r:2 = agent.loop (%i, %a = %t : !agent.text, %m = %n : i64) max_iters(3) -> (!agent.text, i64) {
    %g = agent.generate @smol(%a) max_tokens(4)
    agent.break_if %yes, %g, %i : !agent.text, i64
    %h = agent.generate @smol(%g) max_tokens(8)
    agent.yield %h, %m : !agent.text, i64
  }
  agent.return %r#0, %r#1 : !agent.text, i64
}

// CHECK-LABEL: agent.graph @loop_of_one_iteration
// CHECK-NEXT: agent.return %arg1, %arg0
agent.graph @loop_of_one_iteration(%a: !agent.text, %b: !agent.text) -> (!agent.text, !agent.text) {
  %no = agent.constant false
  %r:2 = agent.loop (%i, %x = %a : !agent.text, %y = %b : !agent.text) max_iters(1) -> (!agent.text, !agent.text) {
    agent.break_if %no, %x, %y : !agent.text, !agent.text
    agent.yield %y, %x : !agent.text, !agent.text
  }
  agent.return %r#0, %r#1 : !agent.text, !agent.text
}

// The seed of a sampled call is made of the loop's index.
// CHECK-LABEL: agent.graph @loop_with_sampling
// CHECK: agent.loop
agent.graph @loop_with_sampling(%t: !agent.text) -> !agent.text {
  %r = agent.loop (%i, %a = %t : !agent.text) max_iters(1) -> (!agent.text) {
    %g = agent.generate @smol(%a) max_tokens(4) temperature(1.0)
    agent.yield %g : !agent.text
  }
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @parallel_of_one
// CHECK-NEXT: agent.return %arg0
agent.graph @parallel_of_one(%t: !agent.text) -> !agent.text {
  %r = agent.parallel -> (!agent.text) {
    agent.yield %t : !agent.text
  }
  agent.return %r : !agent.text
}
