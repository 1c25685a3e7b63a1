// RUN: agentc-opt --agentc-annotate-work=kv-element-bytes=2.0 %s | FileCheck %s
// Lengths through control flow: what a loop carries grows, a branch is weighed.

agent.model @tiny llm source("tiny") {dims = {layers = 2, d_model = 8, heads = 2, kv_heads = 1, head_dim = 4, vocab = 10, params = 1000, weight_bytes = 2000}}

// 10 tokens come and 10 go in each of 3 iterations: the context is 0, 20, 40.
// The p95 is that of the last iteration; behind the loop there are 60.
// CHECK-LABEL: agent.graph @grows
agent.graph @grows(%q: !agent.text {agent.tokens = #agent.dist<constant [10.0] declared>}) {
  %kv = stage.kv.open @tiny -> !stage.kv
  %r = agent.loop (%i, %s = %kv : !stage.kv) max_iters(3) -> (!stage.kv) {
    %t = stage.tokenize @tiny "{q}"(q = %q : !agent.text) -> !stage.tokens
    // CHECK: stage.prefill {{.*}}{est_tokens = {context = 2.000000e+01 : f64, in = 1.000000e+01
    // CHECK-SAME: work_p95 = {{.*}} state_bytes = 1.600000e+03,
    %s1 = stage.prefill @tiny %s, %t -> !stage.kv
    %x, %s2 = stage.decode @tiny %s1 max_tokens(10) -> (!agent.text, !stage.kv)
    agent.yield %s2 : !stage.kv
  }
  // CHECK: stage.kv.park {{.*}} state_bytes = 1.920000e+03,
  %p = stage.kv.park %r -> !stage.kv
  agent.return
}

// 0.25 * 100 + 0.75 * 4 tokens; at the 95th percentile the longer one.
// CHECK-LABEL: agent.graph @weighed
agent.graph @weighed(%c: i1, %q: !agent.text {agent.tokens = #agent.dist<constant [100.0] declared>}) {
  %x = agent.cond %c p_true(0.25) -> (!agent.text) {
    agent.yield %q : !agent.text
  } else {
    %k = agent.constant "sixteen letters!" : !agent.text
    agent.yield %k : !agent.text
  }
  // CHECK: stage.tokenize {{.*}} in = 2.800000e+01 {{.*}} work_p95 = #stage.work<flops = 0.000000e+00, bytes_read = 4.000000e+02,
  %t = stage.tokenize @tiny "{x}"(x = %x : !agent.text) -> !stage.tokens
  // The compiler counted the fixed part with the tokenizer.
  // CHECK: stage.tokenize {{.*}} in = 3.000000e+01
  %u = stage.tokenize @tiny "{<user}Hi {x}{user>}"(x = %x : !agent.text) {token_count = 2 : i64} -> !stage.tokens
  agent.return
}

// 8 items of a declared list; an item is one eighth of it.
// CHECK-LABEL: agent.graph @lists
agent.graph @lists(%l: !agent.list<!agent.text> {agent.tokens = #agent.dist<constant [80.0] declared>, agent.items = #agent.dist<constant [8.0] declared>}) {
  %ys = agent.map %l : !agent.list<!agent.text> -> (!agent.list<!agent.text>) {
  ^bb0(%i: i64, %x: !agent.text):
    // CHECK: stage.tokenize {{.*}} in = 1.000000e+01
    %t = stage.tokenize @tiny "{x}"(x = %x : !agent.text) -> !stage.tokens
    %kv = stage.kv.open @tiny -> !stage.kv
    %kv1 = stage.prefill @tiny %kv, %t -> !stage.kv
    %y, %kv2 = stage.decode @tiny %kv1 max_tokens(5) -> (!agent.text, !stage.kv)
    agent.yield %y : !agent.text
  }
  // CHECK: stage.tokenize {{.*}} in = 4.000000e+01
  %all = stage.tokenize @tiny "{ys}"(ys = %ys : !agent.list<!agent.text>) -> !stage.tokens
  agent.return
}
