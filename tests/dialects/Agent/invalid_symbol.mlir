// One broken example for each constraint of a model, an index or a schema.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{'agent.model' op has an empty source}}
agent.model @agent_model_c1 llm source("")

// -----
// expected-error@+1 {{has dims.layers = 0 : i64, expected an i64 of at least 1}}
agent.model @agent_model_c2 llm source("m") {dims = {layers = 0}}

// -----
agent.model @m encoder source("m")
// expected-error@+1 {{'agent.index' op has an empty source}}
agent.index @agent_index_c1 source("") embedder(@m)

// -----
agent.model @m encoder source("m")
// expected-error@+1 {{has chunk_tokens = 0, expected at least 1}}
agent.index @agent_index_c2 source("docs/") embedder(@m) chunk_tokens(0)

// -----
agent.model @m llm source("m")
// expected-error@+1 {{refers to @m, a model of kind llm, expected encoder}}
agent.index @agent_index_c3 source("docs/") embedder(@m)

// -----
// expected-error@+1 {{has json that does not parse}}
agent.schema @agent_schema_c1 : !agent.record<"R", a: i64> json("{")

// -----
// expected-error@+1 {{has json that is no object}}
agent.schema @agent_schema_c1 : !agent.record<"R", a: i64> json("[]")

// -----
// expected-error@+1 {{has no property "a" in its json, which is a field of '!agent.record<"R", a: i64>'}}
agent.schema @agent_schema_c2 : !agent.record<"R", a: i64> json("{\"properties\": {}}")

// -----
// expected-error@+1 {{has the property "b" in its json, which is no field of '!agent.record<"R", a: i64>'}}
agent.schema @agent_schema_c2 : !agent.record<"R", a: i64> json("{\"properties\": {\"a\": {}, \"b\": {}}}")
