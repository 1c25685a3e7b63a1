// One broken example for each constraint of regions, cond and switch.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect

agent.graph @agent_regions_c1(%c: i1) -> () {
  // expected-error@+1 {{has a region that ends with 'test.end', expected 'agent.yield' or 'agent.throw'}}
  agent.cond %c {
    "test.end"() : () -> ()
  } else {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_cond_c1(%c: i1) -> () {
  // expected-error@+1 {{has p_true = 1.500000e+00, expected a probability from 0 to 1}}
  agent.cond %c p_true(1.5) {
    agent.yield
  } else {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_cond_c2(%c: i1) -> () {
  // expected-error@+1 {{has arguments ('i64') in its branch region, expected ()}}
  agent.cond %c {
  ^bb0(%i: i64):
    agent.yield
  } else {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_cond_c3(%c: i1, %a: !agent.text) -> () {
  %r = agent.cond %c -> (!agent.text) {
    agent.yield %a : !agent.text
  } else {
    // expected-error@+1 {{gives ('i1'), but 'agent.cond' needs ('!agent.text')}}
    agent.yield %c : i1
  }
  agent.return
}

// -----
agent.graph @agent_switch_c1(%s: !agent.text) -> () {
  // expected-error@+1 {{has 2 cases and 1 case regions, expected as many}}
  agent.switch %s : !agent.text cases ["a", "b"] {
    agent.yield
  } default {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_switch_c2(%s: !agent.text) -> () {
  // expected-error@+1 {{has the case 1 : i64, expected a string as the selector is '!agent.text'}}
  agent.switch %s : !agent.text cases [1] {
    agent.yield
  } default {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_switch_c3(%s: i64) -> () {
  // expected-error@+1 {{has the case 1 : i64 twice; the second can never run}}
  agent.switch %s : i64 cases [1, 1] {
    agent.yield
  }, {
    agent.yield
  } default {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_switch_c4(%s: i64) -> () {
  // expected-error@+1 {{has 1 weights, expected 2: one per case and one for the default}}
  agent.switch %s : i64 cases [1] weights [1.0] {
    agent.yield
  } default {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_switch_c5(%s: i64) -> () {
  // expected-error@+1 {{has arguments ('i64') in its case region, expected ()}}
  agent.switch %s : i64 cases [1] {
  ^bb0(%i: i64):
    agent.yield
  } default {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_switch_c6(%s: i64) -> () {
  %r = agent.switch %s : i64 cases [1] -> (i64) {
    // expected-error@+1 {{gives (), but 'agent.switch' needs ('i64')}}
    agent.yield
  } default {
    agent.yield %s : i64
  }
  agent.return
}
