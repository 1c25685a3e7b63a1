// RUN: agentc-opt %s --split-input-file --verify-diagnostics
// One negative case for each constraint of stage.tokenize.

agent.model @minilm encoder source("m") // expected-note {{the model is declared here}}
agent.graph @tokenize_c1() -> () {
  // expected-error@+1 {{'stage.tokenize' op names model @minilm of kind encoder, expected kind llm}}
  %t = stage.tokenize @minilm "a"() -> !stage.tokens
  agent.return
}

// -----
agent.graph @tokenize_c1_missing() -> () {
  // expected-error@+1 {{names model @gone, which is no agent.model of this module}}
  %t = stage.tokenize @gone "a"() -> !stage.tokens
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @tokenize_c2_open() -> () {
  // expected-error@+1 {{template has an open '{' at 2; write '{{'}}
  %t = stage.tokenize @smol "a {b"() -> !stage.tokens
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @tokenize_c2_close() -> () {
  // expected-error@+1 {{template has a single '}' at 1; write '}}'}}
  %t = stage.tokenize @smol "a}"() -> !stage.tokens
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @tokenize_c2_marker() -> () {
  // expected-error@+1 {{template has '{<judge}', which is no name, no '{|}' and no scaffold of system, user, assistant or tool}}
  %t = stage.tokenize @smol "{<judge}"() -> !stage.tokens
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @tokenize_c3_no_value() -> () {
  // expected-error@+1 {{template has placeholder 'x', which is given no value}}
  %t = stage.tokenize @smol "a {x}"() -> !stage.tokens
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @tokenize_c3_no_placeholder(%x: !agent.text) -> () {
  // expected-error@+1 {{gives value 'x', for which the template has no placeholder}}
  %t = stage.tokenize @smol "a {{x}}"(x = %x : !agent.text) -> !stage.tokens
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @tokenize_c4(%x: !agent.text) -> () {
  // expected-error@+1 {{names value 'x' twice}}
  %t = stage.tokenize @smol "a {x}"(x = %x : !agent.text, x = %x : !agent.text) -> !stage.tokens
  agent.return
}

// -----
agent.model @smol llm source("s")
agent.graph @tokenize_c5(%x: !agent.embedding<4>) -> () {
  // expected-error@+1 {{value "x" has type '!agent.embedding<4>', which cannot be printed into a prompt}}
  %t = stage.tokenize @smol "a {x}"(x = %x : !agent.embedding<4>) -> !stage.tokens
  agent.return
}
