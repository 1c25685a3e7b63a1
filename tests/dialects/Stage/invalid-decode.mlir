// RUN: agentc-opt %s --split-input-file --verify-diagnostics
// One negative case for each constraint of stage.decode.

agent.model @smol llm source("s")
agent.model @minilm encoder source("m") // expected-note {{declared here}}
agent.graph @decode_c1() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{names model @minilm of kind encoder, expected kind llm}}
  %x, %kv1 = stage.decode @minilm %kv max_tokens(4) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.model @big llm source("b")
agent.graph @decode_c2() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{runs @big on a sequence of @smol; both must be of one model}}
  %x, %kv1 = stage.decode @big %kv max_tokens(4) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c3() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{attribute 'max_tokens' failed to satisfy constraint}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(0) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c4() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{temperature is -1.000000e+00, expected at least 0}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) temperature(-1.0) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c5() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{attribute 'top_k' failed to satisfy constraint}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) top_k(0) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c6_top_p() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{top_p is 0.000000e+00, expected above 0 and at most 1}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) top_p(0.0) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c6_min_p() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{min_p is 1.500000e+00, expected from 0 to 1}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) min_p(1.5) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c7() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{has an empty stop string, which would stop every text at once; remove it}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) stop([""]) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c8() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{has more than one of schema, choices and regex; keep one}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) choices(["a"]) regex("a*") -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c9() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{names schema @Plan, which is no agent.schema of this module}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) schema(@Plan) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c10_empty() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{has no choices; give at least one}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) choices([]) -> (!agent.text, !stage.kv)
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @decode_c10_twice() -> () {
  %kv = stage.kv.open @smol -> !stage.kv
  // expected-error@+1 {{has choice 'a' twice}}
  %x, %kv1 = stage.decode @smol %kv max_tokens(4) choices(["a", "a"]) -> (!agent.text, !stage.kv)
  agent.return
}
