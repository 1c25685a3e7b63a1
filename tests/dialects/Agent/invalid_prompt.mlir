// One broken example for each constraint of prompt and parse.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.graph @agent_prompt_c1(%t: !agent.text) -> () {
  // expected-error@+1 {{has 0 names for 1 operands}}
  %p = "agent.prompt"(%t) {template_text = "x", arg_names = []} : (!agent.text) -> !agent.text
  agent.return
}

// -----
agent.graph @agent_prompt_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{has an operand named "a", expected names that are not empty and differ}}
  %p = agent.prompt "{a}"(a = %t : !agent.text, a = %t : !agent.text) : !agent.text
  agent.return
}

// -----
agent.graph @agent_prompt_c3(%t: !agent.text) -> () {
  // expected-error@+1 {{template has a lone '}' at byte 1; write it twice to mean the character}}
  %p = agent.prompt "a}"() : !agent.text
  agent.return
}

// -----
agent.graph @agent_prompt_c3(%t: !agent.text) -> () {
  // expected-error@+1 {{template has {"k": 1} at byte 2, expected {name} or {|}}}
  %p = agent.prompt "x {\22k\22: 1}"() : !agent.text
  agent.return
}

// -----
agent.graph @agent_prompt_c3(%t: !agent.text) -> () {
  // expected-error@+1 {{template has {<user} at byte 0}}
  %p = agent.prompt "{<user}"() : !agent.text
  agent.return
}

// -----
agent.graph @agent_prompt_c4(%t: !agent.text) -> () {
  // expected-error@+1 {{has {b} in its template and no operand of this name}}
  %p = agent.prompt "{a} {b}"(a = %t : !agent.text) : !agent.text
  agent.return
}

// -----
agent.model @m llm source("m")
agent.graph @agent_parse_c1(%t: !agent.text) -> () {
  // expected-error@+1 {{refers to @m, which is 'agent.model', expected 'agent.schema'}}
  %r = agent.parse @m %t : !agent.record<"R", a: i64>
  agent.return
}

// -----
agent.schema @s : !agent.record<"R", a: i64> json("{}")
agent.graph @agent_parse_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{gives '!agent.record<"R", a: f64>', but schema @s is '!agent.record<"R", a: i64>'}}
  %r = agent.parse @s %t : !agent.record<"R", a: f64>
  agent.return
}
