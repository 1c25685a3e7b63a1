// RUN: agentc-opt --agentc-annotate-work %s | FileCheck %s
// The formulas of encode, search, score, module, calls, forks and transfers, at
// the mean and at the 95th percentile.

agent.model @enc encoder source("e") {dims = {layers = 2, d_model = 8, heads = 2, vocab = 10, params = 1000, weight_bytes = 4000, embedding_dim = 8}}
agent.model @rank cross_encoder source("r") {dims = {layers = 2, d_model = 8, heads = 2, vocab = 10, params = 1000, weight_bytes = 4000}}
agent.model @critic torch source("c") {dims = {params = 100, weight_bytes = 400}}
agent.index @docs source("docs/") embedder(@enc) count(1000) chunk_tokens(92)
agent.tool @calc(x: !agent.text) -> !agent.text class(pure)

agent.graph @all(%q: !agent.text {agent.tokens = #agent.dist<uniform [10.0, 20.0] declared>}, %x: tensor<2x8xf32>) -> (!agent.docs, f64, !agent.text) {
  // 2 * 920 * 15 + 4 * 2 * 2 * 4 * 15 * 15 at the mean, 19.5 tokens at the 95th
  // CHECK: stage.encode {{.*}} work = #stage.work<flops = 4.200000e+04, bytes_read = 4.060000e+03, bytes_written = 3.200000e+01, {{.*}} work_p95 = #stage.work<flops = 6.021600e+04,
  %e = stage.encode @enc(%q) : !agent.text -> !agent.embedding<8>
  // CHECK: stage.search {{.*}} work = #stage.work<flops = 1.600000e+04, bytes_read = 3.200000e+04, bytes_written = 6.400000e+01,
  %d = stage.search @docs(%e) k(4) : !agent.embedding<8> -> !agent.docs
  // 4 pairs of 15 + 92 + 8 tokens
  // CHECK: stage.score {{.*}} in = 1.150000e+02 {{.*}} work = #stage.work<flops = 4.232000e+06, {{.*}} bytes_written = 3.200000e+01,
  %b = stage.score @rank(%q, %d) k(2) -> !agent.docs
  // CHECK: stage.module {{.*}} work = #stage.work<flops = 2.000000e+02, bytes_read = 4.640000e+02, bytes_written = 8.000000e+00,
  %y = stage.module @critic(%x) : (tensor<2x8xf32>) -> f64
  // CHECK: stage.call {{.*}} comm_bytes = 6.000000e+01, calls = 1.000000e+00>, work_p95
  %h = stage.call @calc(%q) : (!agent.text) -> !stage.handle<!agent.text>
  // Nobody knows how long its answer is.
  // CHECK: stage.await {{.*}} out = 6.400000e+01 {{.*}} comm_bytes = 2.560000e+02,
  %r = stage.await %h : !stage.handle<!agent.text>
  // CHECK: stage.transfer {{.*}} bytes_read = 3.200000e+01, bytes_written = 3.200000e+01, state_bytes = 0.000000e+00, comm_bytes = 3.200000e+01,
  %m = stage.transfer %e from "a" to "b" : !agent.embedding<8>
  agent.return %b, %y, %r : !agent.docs, f64, !agent.text
}
