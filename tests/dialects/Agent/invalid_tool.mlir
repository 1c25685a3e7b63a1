// One broken example for each constraint of a tool.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{has 0 names for 1 arguments}}
"agent.tool"() {sym_name = "agent_tool_c1", arg_names = [], function_type = (i64) -> i64, tool_class = 0 : i32} : () -> ()

// -----
// expected-error@+1 {{has an argument named "a", expected names that are not empty and differ}}
agent.tool @agent_tool_c2(a: i64, a: i64) -> i64 class(pure)

// -----
// expected-error@+1 {{has 0 results, expected 1; use a record for several, and text for none}}
agent.tool @agent_tool_c3(a: i64) -> () class(pure)

// -----
// expected-error@+1 {{has the type '!agent.session' in its signature}}
agent.tool @agent_tool_c4(a: !agent.session) -> i64 class(pure)

// -----
// expected-error@+1 {{is pure, but reads or writes a resource}}
agent.tool @agent_tool_c5(a: i64) -> i64 class(pure) reads(["store"])

// -----
// expected-error@+1 {{has timeout_s = 0.000000e+00, expected a finite number > 0}}
agent.tool @agent_tool_c6(a: i64) -> i64 class(pure) timeout_s(0.0)

// -----
// expected-error@+1 {{has retries = -1, expected at least 0}}
agent.tool @agent_tool_c7(a: i64) -> i64 class(pure) retries(-1)

// -----
// expected-error@+1 {{is irreversible, but has retries = 1, expected 0}}
agent.tool @agent_tool_c8(a: i64) -> i64 class(irreversible) retries(1)

// -----
// expected-error@+1 {{has cost_usd = -1.000000e+00, expected a finite number >= 0}}
agent.tool @agent_tool_c9(a: i64) -> i64 class(pure) cost_usd(-1.0)
