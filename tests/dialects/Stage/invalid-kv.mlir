// RUN: agentc-opt %s --split-input-file --verify-diagnostics
// One negative case for each constraint of prefill and the kv operations.

agent.model @minilm encoder source("m") // expected-note {{declared here}}
agent.graph @kv_open_c1() -> () {
  // expected-error@+1 {{names model @minilm of kind encoder, expected kind llm}}
  %kv = stage.kv.open @minilm -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @kv_open_c2() -> () {
  // expected-error@+1 {{session name is empty; name it or leave it out}}
  %kv = stage.kv.open @smol session "" -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @prefill_c1() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  %t = stage.tokenize @smol "a"() -> !stage.tokens
  // expected-error@+1 {{names model @gone, which is no agent.model of this module}}
  %kv1 = stage.prefill @gone %kv, %t -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.model @big llm source("b")
agent.graph @prefill_c2() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  %f = stage.kv.fork %kv -> !stage.kv
  %t = stage.tokenize @big "a"() -> !stage.tokens
  // expected-error@+1 {{runs @big on a sequence of @smol; both must be of one model}}
  %kv1 = stage.prefill @big %f, %t -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.model @big llm source("b")
agent.graph @prefill_c3() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  %t = stage.tokenize @big "a"() -> !stage.tokens
  // expected-error@+1 {{runs @smol on tokens of @big; both must be of one model}}
  %kv1 = stage.prefill @smol %kv, %t -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.model @big llm source("b")
agent.graph @kv_append_c1() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  %t = stage.tokenize @big "a"() -> !stage.tokens
  // expected-error@+1 {{runs @smol on tokens of @big; both must be of one model}}
  %kv1 = stage.kv.append %kv, %t -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @kv_park_c1() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{attribute 'steps_to_use' failed to satisfy constraint}}
  %p = stage.kv.park %kv steps_to_use(-1) -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @kv_resume_c1() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{resumes a sequence that is not parked; found stage.kv.open, expected stage.kv.park}}
  %r = stage.kv.resume %kv -> !stage.kv
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @kv_move_c1() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{moves to an unnamed device class; name it}}
  %m = stage.kv.move %kv to "" -> !stage.kv
  agent.return
}
