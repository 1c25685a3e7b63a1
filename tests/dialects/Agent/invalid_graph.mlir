// One broken example for each constraint of a graph and its return.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics --allow-unregistered-dialect

// expected-error@+1 {{has the type '!agent.session' in its signature}}
agent.graph @agent_graph_c1(%s: !agent.session) -> () {
  agent.return
}

// -----
// expected-error@+1 {{has agent.name = "a" on argument 1, expected strings that are not empty and differ}}
agent.graph @agent_graph_c2(%a: i64 {agent.name = "a"}, %b: i64 {agent.name = "a"}) -> () {
  agent.return
}

// -----
// expected-error@+1 {{has 2 result_names for 1 results}}
agent.graph @agent_graph_c3(%a: i64) -> i64 attributes {result_names = ["x", "y"]} {
  agent.return %a : i64
}

// -----
// expected-error@+1 {{has a result named "x", expected names that are not empty and differ}}
agent.graph @agent_graph_c3(%a: i64) -> (i64, i64) attributes {result_names = ["x", "x"]} {
  agent.return %a, %a : i64, i64
}

// -----
// expected-error@+1 {{ends with 'test.end', expected 'agent.return'}}
agent.graph @agent_graph_c4() -> () {
  "test.end"() : () -> ()
}

// -----
agent.model @m llm source("m")
agent.graph @agent_graph_c5(%t: !agent.text) -> () {
  // expected-note@+1 {{the other call is here}}
  %a = agent.generate @m(%t) max_tokens(1) {site = 4}
  // expected-error@+1 {{has site = 4, which another call of the graph has}}
  %b = agent.generate @m(%t) max_tokens(1) {site = 4}
  agent.return
}

// -----
agent.graph @agent_return_c1(%a: i64) -> !agent.text {
  // expected-error@+1 {{gives ('i64'), but graph @agent_return_c1 declares ('!agent.text')}}
  agent.return %a : i64
}

// -----
agent.graph @agent_return_c2(%c: i1) -> () {
  agent.cond %c {
    // expected-error@+1 {{expects parent op 'agent.graph'}}
    agent.return
  } else {
    agent.yield
  }
  agent.return
}
