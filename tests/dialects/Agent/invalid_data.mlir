// One broken example for each constraint of a data operation.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.graph @agent_constant_c1() -> () {
  // expected-error@+1 {{has value [1], which is no '!agent.list<!agent.text>'}}
  %c = agent.constant [1] : !agent.list<!agent.text>
  agent.return
}

// -----
agent.graph @agent_get_field_c1(%r: !agent.record<"R", a: i64>) -> () {
  // expected-error@+1 {{has no field "b" to read in '!agent.record<"R", a: i64>'}}
  %f = agent.get_field %r["b"] : !agent.record<"R", a: i64>
  agent.return
}

// -----
agent.graph @agent_make_record_c1(%x: f64) -> () {
  // expected-error@+1 {{is given ('f64'), but the fields of '!agent.record<"R", a: i64>' are ('i64')}}
  %r = "agent.make_record"(%x) : (f64) -> !agent.record<"R", a: i64>
  agent.return
}

// -----
agent.graph @make_record_names(%x: i64) -> () {
  // expected-error@+1 {{fields are not those of '!agent.record<"R", a: i64>'; give all of them in the order of the type}}
  %r = agent.make_record(b = %x) : !agent.record<"R", a: i64>
  agent.return
}

// -----
agent.graph @agent_make_list_c1(%x: f64) -> () {
  // expected-error@+1 {{is given an item of 'f64', expected 'i64'}}
  %r = "agent.make_list"(%x) : (f64) -> !agent.list<i64>
  agent.return
}

// -----
agent.graph @agent_concat_c1() -> () {
  // expected-error@+1 {{expected 1 or more operands, but found 0}}
  %r = "agent.concat"() : () -> !agent.text
  agent.return
}

// -----
agent.graph @agent_flatten_c1(%l: !agent.list<i64>) -> () {
  // expected-error@+1 {{operand is '!agent.list<i64>', expected a list of lists or of docs}}
  %r = agent.flatten %l : !agent.list<i64>
  agent.return
}

// -----
agent.graph @agent_compare_c1(%n: i64) -> () {
  // expected-error@+1 {{tests contains on 'i64', expected text}}
  %r = agent.compare contains %n, %n : i64
  agent.return
}

// -----
agent.graph @agent_compare_c2(%d: !agent.docs) -> () {
  // expected-error@+1 {{orders by lt on '!agent.docs', expected text, i64 or f64}}
  %r = agent.compare lt %d, %d : !agent.docs
  agent.return
}

// -----
agent.graph @agent_compare_c3(%e: !agent.embedding<4>) -> () {
  // expected-error@+1 {{compares '!agent.embedding<4>', expected a printable value}}
  %r = agent.compare eq %e, %e : !agent.embedding<4>
  agent.return
}
