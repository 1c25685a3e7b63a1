// One broken example for each constraint of loop, break_if and map.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.graph @agent_loop_c1() -> () {
  // expected-error@+1 {{has max_iters = 0, expected at least 1}}
  agent.loop (%i) max_iters(0) {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_loop_c2() -> () {
  // expected-error@+1 {{has p_stop = -1.000000e+00, expected a probability from 0 to 1}}
  agent.loop (%i) max_iters(1) p_stop(-1.0) {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_loop_c3(%a: i64) -> () {
  // expected-error@+1 {{gives ('f64'), but carries ('i64'), expected the same types}}
  %r = "agent.loop"(%a) ({
  ^bb0(%i: i64, %x: i64):
    agent.yield %x : i64
  }) {max_iters = 1} : (i64) -> f64
  agent.return
}

// -----
agent.graph @agent_loop_c4(%a: f64) -> () {
  // expected-error@+1 {{has arguments ('i64') in its body region, expected ('i64', 'f64')}}
  %r = "agent.loop"(%a) ({
  ^bb0(%i: i64):
    agent.yield %a : f64
  }) {max_iters = 1} : (f64) -> f64
  agent.return
}

// -----
agent.graph @agent_loop_c5(%a: f64) -> () {
  %r = agent.loop (%i, %x = %a : f64) max_iters(2) -> (f64) {
    // expected-error@+1 {{gives ('i64'), but 'agent.loop' needs ('f64')}}
    agent.yield %i : i64
  }
  agent.return
}

// -----
agent.graph @agent_break_if_c1(%c: i1) -> () {
  agent.loop (%i) max_iters(2) {
    agent.cond %c {
      // expected-error@+1 {{expects parent op 'agent.loop'}}
      agent.break_if %c
      agent.yield
    } else {
      agent.yield
    }
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_break_if_c2(%c: i1, %a: f64) -> () {
  %r = agent.loop (%i, %x = %a : f64) max_iters(2) -> (f64) {
    // expected-error@+1 {{gives ('i64'), but the loop carries ('f64')}}
    agent.break_if %c, %i : i64
    agent.yield %x : f64
  }
  agent.return
}

// -----
agent.graph @agent_map_c1(%l: !agent.list<f64>) -> () {
  // expected-error@+1 {{has max_parallel = 0, expected at least 1}}
  agent.map %l : !agent.list<f64> max_parallel(0) {
  ^bb0(%i: i64, %x: f64):
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_map_c2(%l: !agent.list<f64>) -> () {
  // expected-error@+1 {{has arguments ('i64', '!agent.text') in its body region, expected ('i64', 'f64')}}
  agent.map %l : !agent.list<f64> {
  ^bb0(%i: i64, %x: !agent.text):
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_map_c3(%l: !agent.list<f64>) -> () {
  %r = agent.map %l : !agent.list<f64> -> (!agent.list<!agent.text>) {
  ^bb0(%i: i64, %x: f64):
    // expected-error@+1 {{gives ('f64'), but 'agent.map' needs ('!agent.text')}}
    agent.yield %x : f64
  }
  agent.return
}
