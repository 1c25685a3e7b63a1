// One broken example for each constraint of call_tool, await_event and module.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.graph @agent_call_tool_c1(%n: i64) -> () {
  // expected-error@+1 {{refers to @f, which is not declared; add 'agent.tool @f' to the module}}
  %r = agent.call_tool @f(%n) : (i64) -> i64
  agent.return
}

// -----
agent.tool @f(n: i64) -> i64 class(pure)
agent.graph @agent_call_tool_c2(%x: f64) -> () {
  // expected-error@+1 {{passes ('f64'), but tool @f takes ('i64')}}
  %r = agent.call_tool @f(%x) : (f64) -> i64
  agent.return
}

// -----
agent.tool @f(n: i64) -> i64 class(pure)
agent.graph @agent_call_tool_c3(%n: i64) -> () {
  // expected-error@+1 {{gives 'f64', but tool @f gives 'i64'}}
  %r = agent.call_tool @f(%n) : (i64) -> f64
  agent.return
}

// -----
agent.graph @agent_await_event_c1() -> () {
  // expected-error@+1 {{has an empty event name}}
  %r = agent.await_event "" -> i1
  agent.return
}

// -----
agent.graph @agent_await_event_c2() -> () {
  // expected-error@+1 {{has timeout_s = 0.000000e+00, expected a finite number > 0}}
  %r = agent.await_event "go" timeout_s(0.0) -> i1
  agent.return
}

// -----
agent.graph @agent_module_c1(%x: f64) -> () {
  // expected-error@+1 {{gives nothing, expected at least one result}}
  agent.module @t(%x) : (f64) -> ()
  agent.return
}

// -----
agent.graph @agent_module_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{has an operand or result of type '!agent.text', expected an embedding, a tensor, f64 or i64}}
  %r = agent.module @t(%t) : (!agent.text) -> f64
  agent.return
}

// -----
agent.model @m llm source("m")
agent.graph @agent_module_c3(%x: f64) -> () {
  // expected-error@+1 {{refers to @m, a model of kind llm, expected torch}}
  %r = agent.module @m(%x) : (f64) -> f64
  agent.return
}
