// One broken example for each constraint of an attribute.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{lognormal distribution has 1 values, expected 2}}
#agent_dist_attr_c1 = #agent.dist<lognormal [1.0] declared>

// -----
// expected-error@+1 {{constant distribution has the value -1}}
#agent_dist_attr_c2 = #agent.dist<constant [-1.0] declared>

// -----
// expected-error@+1 {{categorical distribution has no weights; give one per value}}
#agent_dist_attr_c3 = #agent.dist<categorical [1.0, 2.0] declared>

// -----
// expected-error@+1 {{categorical distribution has 1 weights and 2 values, expected as many}}
#agent_dist_attr_c3 = #agent.dist<categorical [1.0, 2.0] weights [1.0] declared>

// -----
// expected-error@+1 {{categorical distribution has weights [0.000000e+00, 0.000000e+00]}}
#agent_dist_attr_c4 = #agent.dist<categorical [1.0, 2.0] weights [0.0, 0.0] declared>

// -----
// expected-error@+1 {{uniform distribution has values [3.000000e+00, 2.000000e+00], expected them in ascending order}}
#agent_dist_attr_c5 = #agent.dist<uniform [3.0, 2.0] declared>

// -----
// expected-error@+1 {{lognormal distribution has p50 = 0}}
#agent_dist_attr_c6 = #agent.dist<lognormal [0.0, 2.0] declared>

// -----
// expected-error@+1 {{unknown distribution 'gamma'}}
#unknown_family = #agent.dist<gamma [1.0] declared>

// -----
// expected-error@+1 {{unknown provenance 'guessed'}}
#unknown_provenance = #agent.dist<constant [1.0] guessed>

// -----
// expected-error@+1 {{sla is empty; give one of p50_s}}
#agent_sla_attr_c1 = #agent.sla<>

// -----
// expected-error@+1 {{sla has ttft_p95_s = 0}}
#agent_sla_attr_c2 = #agent.sla<ttft_p95_s = 0.0>

// -----
// expected-error@+1 {{sla allows 1.000000e+00 s at a higher percentile than 2.000000e+00 s}}
#agent_sla_attr_c3 = #agent.sla<p50_s = 2.0, p99_s = 1.0>

// -----
// expected-error@+1 {{sla has availability = 1}}
#agent_sla_attr_c4 = #agent.sla<availability = 1.0>

// -----
// expected-error@+1 {{'p95_s' is given twice}}
#twice = #agent.sla<p95_s = 1.0, p95_s = 2.0>

// -----
// expected-error@+1 {{budget is empty; give one of usd, tokens, wall_s}}
#agent_budget_attr_c1 = #agent.budget<>

// -----
// expected-error@+1 {{budget has tokens = 0, expected at least 1}}
#agent_budget_attr_c2 = #agent.budget<tokens = 0>

// -----
// expected-error@+1 {{unknown key 'eur'}}
#unknown_key = #agent.budget<eur = 1.0>
