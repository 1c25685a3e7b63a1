// Work: prompts, models, indexes, tools, events, sessions.
// RUN: agentc-opt %s | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --mlir-print-op-generic | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --emit-bytecode | agentc-opt | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.model @minilm encoder source("all-minilm-l6-v2")
agent.model @head torch source("head.pt")
agent.index @docs source("docs/") embedder(@minilm)
agent.tool @calc(expr: !agent.text) -> f64 class(pure)
agent.schema @Plan : !agent.record<"Plan", n: i64> json("{}")

// CHECK-LABEL: agent.graph @llm
agent.graph @llm(%q: !agent.text) -> !agent.text {
  // CHECK: %[[P:.*]] = agent.prompt "Answer{|} {question}"(question = %{{.*}} : !agent.text) : !agent.text
  %p = agent.prompt "Answer{|} {question}"(question = %q : !agent.text) : !agent.text
  // CHECK: agent.generate @smol(%[[P]]) max_tokens(64){{$}}
  %a = agent.generate @smol(%p) max_tokens(64)
  // CHECK: agent.generate @smol(%[[P]]) system(%{{.*}}) max_tokens(64) temperature(7.500000e-01) top_k(40)
  // CHECK-SAME: top_p(9.000000e-01) min_p(5.000000e-02) seed(7) stop(["\0A"]) schema(@Plan)
  // CHECK-SAME: out_tokens(#agent.dist<lognormal [9.000000e+01, 2.200000e+02] declared>) stream {label = "draft", site = 3 : i64}
  %b = agent.generate @smol(%p) system(%q) max_tokens(64) temperature(0.75) top_k(40) top_p(0.9)
    min_p(0.05) seed(7) stop(["\n"]) schema(@Plan)
    out_tokens(#agent.dist<lognormal [90.0, 220.0] declared>) stream {label = "draft", site = 3}
  // CHECK: agent.generate @smol(%[[P]]) max_tokens(1) choices(["yes", "no"])
  %c = agent.generate @smol(%p) max_tokens(1) choices(["yes", "no"])
  // CHECK: agent.generate @smol(%[[P]]) max_tokens(8) regex("[0-9]+")
  %d = agent.generate @smol(%p) max_tokens(8) regex("[0-9]+")
  // CHECK: agent.parse @Plan %{{.*}} : !agent.record<"Plan", n: i64>
  %e = agent.parse @Plan %b : !agent.record<"Plan", n: i64>
  agent.return %a : !agent.text
}

// CHECK-LABEL: agent.graph @session
agent.graph @session(%q: !agent.text) -> !agent.text {
  // CHECK: %[[S:.*]] = agent.open_session @smol "chat" system(%{{.*}}) -> !agent.session
  %s = agent.open_session @smol "chat" system(%q) -> !agent.session
  // CHECK: %[[T:.*]] = agent.append_session %[[S]], %{{.*}} role("user") -> !agent.session
  %t = agent.append_session %s, %q role("user") -> !agent.session
  // CHECK: %{{.*}}, %{{.*}} = agent.generate @smol(%{{.*}}) session(%[[T]]) max_tokens(16)
  %a, %u = agent.generate @smol(%q) session(%t) max_tokens(16)
  agent.return %a : !agent.text
}

// CHECK-LABEL: agent.graph @rag
agent.graph @rag(%q: !agent.text, %l: !agent.list<!agent.text>) -> !agent.docs {
  // CHECK: %[[E:.*]] = agent.embed @minilm(%{{.*}}) : !agent.text -> !agent.embedding<384>
  %e = agent.embed @minilm(%q) : !agent.text -> !agent.embedding<384>
  // CHECK: agent.embed @minilm(%{{.*}}) : !agent.list<!agent.text> -> !agent.list<!agent.embedding<384>>
  %f = agent.embed @minilm(%l) : !agent.list<!agent.text> -> !agent.list<!agent.embedding<384>>
  // CHECK: agent.retrieve @docs(%[[E]]) k(8) : !agent.embedding<384> -> !agent.docs
  %d = agent.retrieve @docs(%e) k(8) : !agent.embedding<384> -> !agent.docs
  // CHECK: agent.rerank @minilm(%{{.*}}, %{{.*}}) k(4) {label = "best"} -> !agent.docs
  %r = agent.rerank @minilm(%q, %d) k(4) {label = "best"} -> !agent.docs
  agent.return %r : !agent.docs
}

// CHECK-LABEL: agent.graph @calls
agent.graph @calls(%q: !agent.text, %e: !agent.embedding<384>) -> (f64, f64) {
  // CHECK: agent.call_tool @calc(%{{.*}}) : (!agent.text) -> f64
  %a = agent.call_tool @calc(%q) : (!agent.text) -> f64
  // CHECK: agent.await_event "approve"(%{{.*}} : !agent.text) timeout_s(6.000000e+01) -> i1
  %b = agent.await_event "approve"(%q : !agent.text) timeout_s(60.0) -> i1
  // CHECK: agent.await_event "tick" -> f64
  %c = agent.await_event "tick" -> f64
  // CHECK: agent.module @head(%{{.*}}) : (!agent.embedding<384>) -> f64
  %d = agent.module @head(%e) : (!agent.embedding<384>) -> f64
  agent.return %a, %d : f64, f64
}
