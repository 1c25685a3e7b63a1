// A session has one model, which must be known; a query needs the length of the
// embeddings it is turned into.
// RUN: agentc-opt --agentc-split-calls --verify-diagnostics --split-input-file %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.model @other llm source("smollm2-135m-instruct")
agent.graph @models(%q: !agent.text) {
  %s = agent.open_session @smol "chat" -> !agent.session
  %r = agent.loop (%i, %turn = %s : !agent.session) max_iters(2) -> (!agent.session) {
    // expected-error@below {{runs @other in a session of @smol; use one model in a session}}
    %t, %u = agent.generate @other(%q) session(%turn) max_tokens(8)
    agent.yield %u : !agent.session
  }
  agent.return
}

// -----

agent.model @smol llm source("smollm2-135m-instruct")
agent.model @other llm source("smollm2-135m-instruct")
agent.graph @either(%q: !agent.text, %c: i1) {
  %s = agent.cond %c -> (!agent.session) {
    %a = agent.open_session @smol "a" -> !agent.session
    agent.yield %a : !agent.session
  } else {
    // expected-note@below {{one of them is opened here}}
    %b = agent.open_session @other "b" -> !agent.session
    agent.yield %b : !agent.session
  }
  // expected-error@below {{continues a session of @smol or of @other; open both on one model}}
  %t = agent.append_session %s, %q role("user") -> !agent.session
  agent.return
}

// -----

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @listed(%q: !agent.text, %i: i64) {
  %s = agent.open_session @smol "chat" -> !agent.session
  %l = agent.make_list(%s, %s) : !agent.list<!agent.session>
  %u = agent.get_item %l[%i] : !agent.list<!agent.session>
  // expected-error@below {{continues a session that cannot be traced to its opening; hand it through regions, not through a list or a record}}
  %t = agent.append_session %u, %q role("user") -> !agent.session
  agent.return
}

// -----

// expected-note@below {{the model is declared here}}
agent.model @minilm encoder source("all-minilm-l6-v2")
agent.index @docs source("docs/") embedder(@minilm)
agent.graph @dims(%q: !agent.text) {
  // expected-error@below {{needs the length of the embeddings of @minilm; give the model dims = {embedding_dim}}}
  %d = agent.retrieve @docs(%q) k(8) : !agent.text -> !agent.docs
  agent.return
}
