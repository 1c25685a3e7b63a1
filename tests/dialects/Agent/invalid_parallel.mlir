// One broken example for each constraint of parallel, race, try and their ends.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.graph @agent_parallel_c1() -> () {
  // expected-error@+1 {{has no region, expected at least one}}
  "agent.parallel"() : () -> ()
  agent.return
}

// -----
agent.graph @agent_parallel_c2() -> () {
  // expected-error@+1 {{has arguments ('i64') in its branch region, expected ()}}
  agent.parallel {
  ^bb0(%i: i64):
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_parallel_c3(%t: !agent.text) -> () {
  // expected-error@+1 {{has a region that ends with 'agent.throw', expected 'agent.yield'; throw inside an 'agent.cond'}}
  agent.parallel {
    agent.throw %t kind("x")
  }
  agent.return
}

// -----
agent.graph @agent_parallel_c4(%t: !agent.text, %n: i64) -> () {
  // expected-error@+1 {{gives ('!agent.text'), but its regions yield ('!agent.text', 'i64') together}}
  %r = agent.parallel -> (!agent.text) {
    agent.yield %t : !agent.text
  }, {
    agent.yield %n : i64
  }
  agent.return
}

// -----
agent.graph @agent_race_c1() -> () {
  // expected-error@+1 {{has no region, expected at least one}}
  "agent.race"() : () -> ()
  agent.return
}

// -----
agent.graph @agent_race_c2() -> () {
  // expected-error@+1 {{has arguments ('i64') in its branch region, expected ()}}
  agent.race {
  ^bb0(%i: i64):
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_race_c3(%n: i64) -> () {
  %r = agent.race -> (i64) {
    agent.yield %n : i64
  }, {
    // expected-error@+1 {{gives (), but 'agent.race' needs ('i64')}}
    agent.yield
  }
  agent.return
}

// -----
agent.tool @pay(n: i64) -> i64 class(irreversible)
agent.graph @agent_race_c4(%n: i64, %c: i1) -> () {
  agent.race {
    agent.cond %c {
      // expected-error@+1 {{calls the irreversible tool @pay inside a race}}
      %r = agent.call_tool @pay(%n) : (i64) -> i64
      agent.yield
    } else {
      agent.yield
    }
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_try_c1(%n: i64) -> () {
  // expected-error@+1 {{has arguments () in its catch region, expected ('!agent.record<"Error", kind: !agent.text, message: !agent.text>')}}
  agent.try {
    agent.yield
  } catch {
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_try_c2(%n: i64) -> () {
  %r = agent.try -> (i64) {
    agent.yield %n : i64
  } catch {
  ^bb0(%e: !agent.record<"Error", kind: !agent.text, message: !agent.text>):
    // expected-error@+1 {{gives (), but 'agent.try' needs ('i64')}}
    agent.yield
  }
  agent.return
}

// -----
agent.graph @agent_yield_c1() -> () {
  // expected-error@+1 {{expects parent op to be one of 'agent.cond, agent.switch, agent.loop}}
  agent.yield
}

// -----
agent.graph @agent_throw_c1(%t: !agent.text) -> () {
  agent.race {
    // expected-error@+1 {{has an empty kind}}
    agent.throw %t kind("")
  }
  agent.return
}

// -----
agent.graph @agent_throw_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{expects parent op to be one of 'agent.cond, agent.switch, agent.loop}}
  agent.throw %t kind("x")
}
