// One broken example for each constraint of generate.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.model @e encoder source("m")
agent.graph @agent_generate_c1(%t: !agent.text) -> () {
  // expected-error@+1 {{refers to @e, a model of kind encoder, expected llm}}
  %a = agent.generate @e(%t) max_tokens(1)
  agent.return
}

// -----
agent.graph @agent_generate_c1(%t: !agent.text) -> () {
  // expected-error@+1 {{refers to @m, which is not declared; add 'agent.model @m' to the module}}
  %a = agent.generate @m(%t) max_tokens(1)
  agent.return
}

// -----
agent.graph @agent_generate_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{has max_tokens = 0, expected at least 1}}
  %a = agent.generate @m(%t) max_tokens(0)
  agent.return
}

// -----
agent.graph @agent_generate_c3(%t: !agent.text) -> () {
  // expected-error@+1 {{has temperature = -1.000000e+00, expected a finite number >= 0; 0 is greedy}}
  %a = agent.generate @m(%t) max_tokens(1) temperature(-1.0)
  agent.return
}

// -----
agent.graph @agent_generate_c4(%t: !agent.text) -> () {
  // expected-error@+1 {{has top_k = 0, expected at least 1}}
  %a = agent.generate @m(%t) max_tokens(1) top_k(0)
  agent.return
}

// -----
agent.graph @agent_generate_c5(%t: !agent.text) -> () {
  // expected-error@+1 {{has top_p = 0, which keeps no token}}
  %a = agent.generate @m(%t) max_tokens(1) top_p(0.0)
  agent.return
}

// -----
agent.graph @agent_generate_c5(%t: !agent.text) -> () {
  // expected-error@+1 {{has min_p = 2.000000e+00, expected a probability from 0 to 1}}
  %a = agent.generate @m(%t) max_tokens(1) min_p(2.0)
  agent.return
}

// -----
agent.graph @agent_generate_c6(%t: !agent.text) -> () {
  // expected-error@+1 {{has site = -1, expected at least 0}}
  %a = agent.generate @m(%t) max_tokens(1) {site = -1}
  agent.return
}

// -----
agent.graph @agent_generate_c7(%t: !agent.text) -> () {
  // expected-error@+1 {{has 2 of schema, choices and regex, expected one at most}}
  %a = agent.generate @m(%t) max_tokens(1) choices(["a"]) regex("a")
  agent.return
}

// -----
agent.graph @agent_generate_c8(%t: !agent.text) -> () {
  // expected-error@+1 {{has the choice "a", expected choices that are not empty and differ}}
  %a = agent.generate @m(%t) max_tokens(1) choices(["a", "a"])
  agent.return
}

// -----
agent.graph @agent_generate_c8(%t: !agent.text) -> () {
  // expected-error@+1 {{has no choices to choose from}}
  %a = agent.generate @m(%t) max_tokens(1) choices([])
  agent.return
}

// -----
agent.graph @agent_generate_c9(%t: !agent.text) -> () {
  // expected-error@+1 {{has the stop string "", expected strings that are not empty and differ}}
  %a = agent.generate @m(%t) max_tokens(1) stop([""])
  agent.return
}
