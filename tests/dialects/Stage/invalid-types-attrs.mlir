// RUN: agentc-opt %s --split-input-file --verify-diagnostics
// One negative case for each constraint on types and attributes.

// handle_c1
// expected-error@+1 {{value type of a handle is '!stage.kv', expected a value type of the agent dialect}}
"builtin.module"() ({}) {test.t = !stage.handle<!stage.kv>} : () -> ()

// -----
// placement_c1
// expected-error@+1 {{placement has an empty device class or precision; name both}}
"builtin.module"() ({}) {test.p = #stage.placement<"", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">} : () -> ()

// -----
// placement_c2
// expected-error@+1 {{placement has tp = 0, expected at least 1}}
"builtin.module"() ({}) {test.p = #stage.placement<"cpu", replicas = 1, tp = 0, pp = 1, max_batch = 8, precision = "f32">} : () -> ()

// -----
// work_c1
// expected-error@+1 {{work has bytes_read = -1.000000e+00, expected a finite number of at least 0}}
"builtin.module"() ({}) {test.w = #stage.work<flops = 1.0, bytes_read = -1.0, bytes_written = 0.0, state_bytes = 0.0, comm_bytes = 0.0, calls = 1.0>} : () -> ()
