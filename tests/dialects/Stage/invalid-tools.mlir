// RUN: agentc-opt %s --split-input-file --verify-diagnostics
// One negative case for each constraint of call, await and transfer.

agent.model @smol llm source("s")
agent.graph @call_c1(%q: !agent.text) -> () {
  // expected-error@+1 {{names tool @smol, which is no agent.tool of this module}}
  %h = stage.call @smol(%q) : (!agent.text) -> !stage.handle<!agent.text>
  agent.return
}

// -----
agent.tool @book(day: !agent.text) -> !agent.text class(irreversible)
agent.graph @call_c2(%x: f64) -> () {
  // expected-error@+1 {{calls @book with ('f64'), its declaration takes ('!agent.text')}}
  %h = stage.call @book(%x) : (f64) -> !stage.handle<!agent.text>
  agent.return
}

// -----
agent.tool @book(day: !agent.text) -> !agent.text class(irreversible)
agent.graph @call_c3(%q: !agent.text) -> () {
  // expected-error@+1 {{gives a handle of 'f64', tool @book gives '!agent.text'}}
  %h = stage.call @book(%q) : (!agent.text) -> !stage.handle<f64>
  agent.return
}

// -----
agent.tool @book(day: !agent.text) -> !agent.text class(irreversible)
agent.graph @await_c1(%q: !agent.text) -> () {
  %h = stage.call @book(%q) : (!agent.text) -> !stage.handle<!agent.text>
  // expected-error@+1 {{result type is the handle's value type}}
  %v = "stage.await"(%h) : (!stage.handle<!agent.text>) -> f64
  agent.return
}

// -----
agent.graph @transfer_c1(%q: !agent.text) -> () {
  // expected-error@+1 {{moves from "cpu" to "cpu", expected two different device classes}}
  %m = stage.transfer %q from "cpu" to "cpu" : !agent.text
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @transfer_c2() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{moves a KV snapshot; use stage.kv.move}}
  %m = stage.transfer %kv from "cpu" to "gpu" : !stage.kv
  agent.return
}
