// RUN: agentc-opt %s --split-input-file --verify-diagnostics
// One negative case for each constraint of encode, search, score and module.

agent.model @smol llm source("s") // expected-note {{declared here}}
agent.graph @encode_c1(%q: !agent.text) -> () {
  // expected-error@+1 {{names model @smol of kind llm, expected kind encoder}}
  %e = stage.encode @smol(%q) : !agent.text -> !agent.embedding<384>
  agent.return
}

// -----
agent.model @minilm encoder source("m") {dims = {embedding_dim = 384 : i64}}
agent.graph @encode_c2(%q: !agent.text) -> () {
  // expected-error@+1 {{encodes '!agent.text' to '!agent.list<!agent.embedding<384>>'; expected text to embedding, or a list of each}}
  %e = stage.encode @minilm(%q) : !agent.text -> !agent.list<!agent.embedding<384>>
  agent.return
}

// -----
agent.model @minilm encoder source("m") {dims = {embedding_dim = 384 : i64}}
agent.graph @encode_c3(%q: !agent.text) -> () {
  // expected-error@+1 {{gives embeddings of 12 elements, model @minilm has 384}}
  %e = stage.encode @minilm(%q) : !agent.text -> !agent.embedding<12>
  agent.return
}

// -----
agent.model @minilm encoder source("m") {dims = {embedding_dim = 384 : i64}}
agent.graph @search_c1(%e: !agent.embedding<384>) -> () {
  // expected-error@+1 {{names index @minilm, which is no agent.index of this module}}
  %d = stage.search @minilm(%e) k(8) : !agent.embedding<384> -> !agent.docs
  agent.return
}

// -----
agent.model @minilm encoder source("m") {dims = {embedding_dim = 384 : i64}}
agent.index @docs source("docs/") embedder(@minilm)
agent.graph @search_c2(%q: !agent.text) -> () {
  // expected-error@+1 {{operand #0 must be}}
  %d = stage.search @docs(%q) k(8) : !agent.text -> !agent.docs
  agent.return
}

// -----
agent.model @minilm encoder source("m") {dims = {embedding_dim = 384 : i64}}
agent.index @docs source("docs/") embedder(@minilm)
agent.graph @search_c3(%e: !agent.embedding<12>) -> () {
  // expected-error@+1 {{searches with 12 elements, the vectors of index @docs have 384}}
  %d = stage.search @docs(%e) k(8) : !agent.embedding<12> -> !agent.docs
  agent.return
}

// -----
agent.model @minilm encoder source("m") {dims = {embedding_dim = 384 : i64}}
agent.index @docs source("docs/") embedder(@minilm)
agent.graph @search_c4(%e: !agent.embedding<384>) -> () {
  // expected-error@+1 {{attribute 'k' failed to satisfy constraint}}
  %d = stage.search @docs(%e) k(0) : !agent.embedding<384> -> !agent.docs
  agent.return
}

// -----
agent.model @smol llm source("s") // expected-note {{declared here}}
agent.graph @score_c1(%q: !agent.text, %d: !agent.docs) -> () {
  // expected-error@+1 {{names model @smol of kind llm, expected kind cross_encoder or encoder}}
  %b = stage.score @smol(%q, %d) k(4) -> !agent.docs
  agent.return
}

// -----
agent.model @ranker cross_encoder source("r")
agent.graph @score_c2(%q: !agent.text, %d: !agent.docs) -> () {
  // expected-error@+1 {{attribute 'k' failed to satisfy constraint}}
  %b = stage.score @ranker(%q, %d) k(0) -> !agent.docs
  agent.return
}

// -----
agent.model @smol llm source("s") // expected-note {{declared here}}
agent.graph @module_c1(%x: f64) -> () {
  // expected-error@+1 {{names model @smol of kind llm, expected kind torch}}
  %y = stage.module @smol(%x) : (f64) -> f64
  agent.return
}

// -----
agent.model @critic torch source("c")
agent.graph @module_c2(%q: !agent.text) -> () {
  // expected-error@+1 {{has a value of type '!agent.text', expected embedding, tensor, f64 or i64}}
  %y = stage.module @critic(%q) : (!agent.text) -> f64
  agent.return
}
