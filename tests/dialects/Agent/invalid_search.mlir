// One broken example for each constraint of embed, retrieve and rerank.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.graph @agent_embed_c1(%t: !agent.text) -> () {
  // expected-error@+1 {{gives '!agent.list<!agent.embedding<4>>' for '!agent.text', expected an embedding for a text}}
  %e = agent.embed @e(%t) : !agent.text -> !agent.list<!agent.embedding<4>>
  agent.return
}

// -----
agent.model @m llm source("m")
agent.graph @agent_embed_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{refers to @m, a model of kind llm, expected encoder}}
  %e = agent.embed @m(%t) : !agent.text -> !agent.embedding<4>
  agent.return
}

// -----
agent.model @e encoder source("m") {dims = {embedding_dim = 384}}
agent.graph @agent_embed_c3(%t: !agent.text) -> () {
  // expected-error@+1 {{has '!agent.embedding<4>', but model @e gives embeddings of 384 numbers}}
  %e = agent.embed @e(%t) : !agent.text -> !agent.embedding<4>
  agent.return
}

// -----
agent.graph @agent_retrieve_c1(%t: !agent.text) -> () {
  // expected-error@+1 {{has k = 0, expected at least 1}}
  %d = agent.retrieve @i(%t) k(0) : !agent.text -> !agent.docs
  agent.return
}

// -----
agent.model @e encoder source("m")
agent.graph @agent_retrieve_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{refers to @e, which is 'agent.model', expected 'agent.index'}}
  %d = agent.retrieve @e(%t) k(1) : !agent.text -> !agent.docs
  agent.return
}

// -----
agent.model @e encoder source("m") {dims = {embedding_dim = 384}}
agent.index @i source("docs/") embedder(@e)
agent.graph @agent_retrieve_c3(%e: !agent.embedding<4>) -> () {
  // expected-error@+1 {{has '!agent.embedding<4>', but model @e gives embeddings of 384 numbers}}
  %d = agent.retrieve @i(%e) k(1) : !agent.embedding<4> -> !agent.docs
  agent.return
}

// -----
agent.graph @agent_rerank_c1(%t: !agent.text, %d: !agent.docs) -> () {
  // expected-error@+1 {{has k = -1, expected at least 1}}
  %r = agent.rerank @c(%t, %d) k(-1) -> !agent.docs
  agent.return
}

// -----
agent.model @m llm source("m")
agent.graph @agent_rerank_c2(%t: !agent.text, %d: !agent.docs) -> () {
  // expected-error@+1 {{refers to @m, a model of kind llm, expected cross_encoder or encoder}}
  %r = agent.rerank @m(%t, %d) k(1) -> !agent.docs
  agent.return
}
