// One broken example for each constraint on sessions and on generate with them.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.model @m llm source("m")
agent.graph @agent_generate_c10(%t: !agent.text) -> () {
  // expected-error@+1 {{gives a session and takes none, expected both or neither}}
  %a, %b = "agent.generate"(%t) {model = @m, max_tokens = 1, operandSegmentSizes = array<i32: 1, 0, 0>} : (!agent.text) -> (!agent.text, !agent.session)
  agent.return
}

// -----
agent.model @m llm source("m")
agent.graph @agent_generate_c11(%t: !agent.text) -> () {
  %s = agent.open_session @m "chat" -> !agent.session
  // expected-error@+1 {{has both a system text and a session; give the system text to 'agent.open_session'}}
  %a, %b = agent.generate @m(%t) system(%t) session(%s) max_tokens(1)
  agent.return
}

// -----
agent.model @m llm source("m")
agent.graph @agent_generate_c12(%t: !agent.text) -> () {
  // expected-error@+1 {{refers to @s, which is not declared; add 'agent.schema @s' to the module}}
  %a = agent.generate @m(%t) max_tokens(1) schema(@s)
  agent.return
}

// -----
agent.model @m llm source("m")
agent.model @n llm source("n")
agent.graph @agent_generate_c13(%t: !agent.text) -> () {
  %s = agent.open_session @m "chat" -> !agent.session
  %u = agent.append_session %s, %t role("user") -> !agent.session
  // expected-error@+1 {{uses model @n with a session of @m; a session belongs to one model}}
  %a, %b = agent.generate @n(%t) session(%u) max_tokens(1)
  agent.return
}

// -----
agent.graph @agent_open_session_c1() -> () {
  // expected-error@+1 {{has an empty name; give the conversation a name}}
  %s = agent.open_session @m "" -> !agent.session
  agent.return
}

// -----
agent.model @e encoder source("m")
agent.graph @agent_open_session_c2() -> () {
  // expected-error@+1 {{refers to @e, a model of kind encoder, expected llm}}
  %s = agent.open_session @e "chat" -> !agent.session
  agent.return
}

// -----
agent.model @m llm source("m")
agent.graph @agent_append_session_c1(%t: !agent.text) -> () {
  %s = agent.open_session @m "chat" -> !agent.session
  // expected-error@+1 {{has role "system", expected user, tool or assistant}}
  %u = agent.append_session %s, %t role("system") -> !agent.session
  agent.return
}
