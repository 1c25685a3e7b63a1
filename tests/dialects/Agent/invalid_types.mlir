// One broken example for each constraint of a type.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{element type 'none' of a list is not an agent value type}}
!agent_list_type_c1 = !agent.list<none>

// -----
// expected-error@+1 {{embedding dimension is 0, expected at least 1}}
!agent_embedding_type_c1 = !agent.embedding<0>

// -----
// expected-error@+1 {{a record has no name}}
!agent_record_type_c1 = !agent.record<"", a: i64>

// -----
// expected-error@+1 {{record "R" has the field "a", expected names that are not empty and differ}}
!agent_record_type_c2 = !agent.record<"R", a: i64, a: f64>

// -----
// expected-error@+1 {{field "a" of record "R" has type 'f32', expected an agent value type}}
!agent_record_type_c3 = !agent.record<"R", a: f32>
