// RUN: agentc-opt --agentc-annotate-work=kv-element-bytes=2.0 %s | FileCheck %s

// 2 layers, 2 heads of 4: k = 2 * 2 * 1 * 4 * 2 B = 32 bytes of KV a token;
// 1000 parameters, of which 10 * 8 are the table of embeddings.
agent.model @tiny llm source("tiny") {dims = {layers = 2, d_model = 8, heads = 2, kv_heads = 1, head_dim = 4, vocab = 10, params = 1000, weight_bytes = 2000}}

agent.graph @ask(%q: !agent.text {agent.tokens = #agent.dist<constant [10.0] declared>}) -> !agent.text {
  %kv = stage.kv.open @tiny -> !stage.kv
  // CHECK: stage.tokenize {{.*}} {est_tokens = {context = 0.000000e+00 : f64, in = 1.200000e+01 : f64, out = 0.000000e+00 : f64}
  // CHECK-SAME: bytes_read = 4.800000e+01, bytes_written = 4.800000e+01
  %t = stage.tokenize @tiny "8 chars:{q}"(q = %q : !agent.text) -> !stage.tokens
  // 2 * 920 * 12 + 4 * 2 * 2 * 4 * 78
  // CHECK: stage.prefill {{.*}} work = #stage.work<flops = 2.707200e+04, bytes_read = 2.384000e+03, bytes_written = 3.840000e+02, state_bytes = 3.840000e+02, comm_bytes = 0.000000e+00, calls = 1.000000e+00>
  %kv1 = stage.prefill @tiny %kv, %t -> !stage.kv
  // s = 4 * 12 + 10 = 58: 2 * 1000 * 4 + 64 * 58, and 4 * 2000 + 32 * 58
  // CHECK: stage.decode {{.*}} work = #stage.work<flops = 1.171200e+04, bytes_read = 9.856000e+03, bytes_written = 1.280000e+02, state_bytes = 5.120000e+02, comm_bytes = 0.000000e+00, calls = 4.000000e+00>
  %a, %kv2 = stage.decode @tiny %kv1 max_tokens(64) out_tokens(#agent.dist<constant [4.0] declared>) -> (!agent.text, !stage.kv)
  agent.return %a : !agent.text
}
