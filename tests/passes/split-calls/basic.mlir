// Each kind of call becomes its stages with all its attributes; a prompt whose
// text is used elsewhere stays; locations and labels go along.
// RUN: agentc-opt --agentc-split-calls --mlir-print-debuginfo --mlir-print-local-scope %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.model @minilm encoder source("all-minilm-l6-v2") {dims = {embedding_dim = 384}}
agent.model @head torch source("head.pt")
agent.index @docs source("docs/") embedder(@minilm)
agent.schema @Plan : !agent.record<"Plan", n: i64> json("{}")

// CHECK-LABEL: agent.graph @generate
agent.graph @generate(%q: !agent.text, %sys: !agent.text) -> (!agent.text, !agent.text) {
  // CHECK: %[[P:.*]] = agent.prompt "Be {text}"
  %p = agent.prompt "Be {text}"(text = %q : !agent.text) : !agent.text
  // CHECK: stage.tokenize @smol "{<system}Be {text}{system>}{<user}{text_1}{user>}{<assistant}"
  // CHECK-SAME: (text = %[[Q:.*]] : !agent.text, text_1 = %{{.*}} : !agent.text)
  // CHECK-SAME: {label = "draft", op_id = 1 : i64, prefix_group = 0 : i64, shared_pieces = 3 : i64}
  // CHECK-SAME: loc("graph.py":7:3)
  // CHECK: stage.decode @smol %{{.*}} max_tokens(64) temperature(7.500000e-01) top_k(40) top_p(9.000000e-01) min_p(5.000000e-02)
  // CHECK-SAME: seed(7) stop(["\0A"]) schema(@Plan) out_tokens(#agent.dist<constant [9.000000e+00] declared>) stream site(3)
  // CHECK-SAME: {label = "draft", op_id = 3 : i64}
  // CHECK-SAME: loc("graph.py":7:3)
  %a = agent.generate @smol(%sys) system(%p) max_tokens(64) temperature(0.75) top_k(40) top_p(0.9)
    min_p(0.05) seed(7) stop(["\n"]) schema(@Plan) out_tokens(#agent.dist<constant [9.0] declared>) stream
    {label = "draft", site = 3, prefix_group = 0, shared_pieces = 3} loc("graph.py":7:3)
  agent.return %a, %p : !agent.text, !agent.text
}

// CHECK-LABEL: agent.graph @others
agent.graph @others(%q: !agent.text, %l: !agent.list<!agent.text>) -> (!agent.docs, f64) {
  // CHECK: %[[E:.*]] = stage.encode @minilm(%[[Q:.*]]) {label = "find", {{.*}} : !agent.text -> !agent.embedding<384> loc("graph.py":9:3)
  // CHECK: %[[D:.*]] = stage.search @docs(%[[E]]) k(8) {label = "find"
  %d = agent.retrieve @docs(%q) k(8) {label = "find"} : !agent.text -> !agent.docs loc("graph.py":9:3)
  // CHECK: %[[E2:.*]] = stage.encode @minilm
  %e = agent.embed @minilm(%q) : !agent.text -> !agent.embedding<384>
  // CHECK: stage.encode @minilm(%{{.*}}) {{.*}} : !agent.list<!agent.text> -> !agent.list<!agent.embedding<384>>
  %f = agent.embed @minilm(%l) : !agent.list<!agent.text> -> !agent.list<!agent.embedding<384>>
  // An embedding needs no encoder.
  // CHECK-NOT: stage.encode
  // CHECK: stage.search @docs(%[[E2]]) k(2)
  %g = agent.retrieve @docs(%e) k(2) : !agent.embedding<384> -> !agent.docs
  // CHECK: %[[BEST:.*]] = stage.score @minilm(%[[Q]], %[[D]]) k(4)
  %r = agent.rerank @minilm(%q, %d) k(4) -> !agent.docs
  // CHECK: %[[Y:.*]] = stage.module @head(%[[E2]])
  %y = agent.module @head(%e) : (!agent.embedding<384>) -> f64
  // CHECK: agent.return %[[BEST]], %[[Y]]
  agent.return %r, %y : !agent.docs, f64
}
