// RUN: agentc-opt %s | agentc-opt | FileCheck %s
// RUN: agentc-opt --mlir-print-op-generic %s | agentc-opt | FileCheck %s
// Every operation on other models and on tools survives printing and parsing.

agent.model @minilm encoder source("all-minilm-l6-v2") {dims = {embedding_dim = 384 : i64}}
agent.model @ranker cross_encoder source("ranker")
agent.model @critic torch source("critic")
agent.index @docs source("docs/") embedder(@minilm)
agent.tool @book(day: !agent.text) -> !agent.text class(irreversible)

// CHECK-LABEL: agent.graph @others
agent.graph @others(%q: !agent.text, %qs: !agent.list<!agent.text>, %x: tensor<1x8xf32>) -> (!agent.text, f64) {
  // CHECK: stage.encode @minilm(%{{.*}}) : !agent.text -> !agent.embedding<384>
  %e = stage.encode @minilm(%q) : !agent.text -> !agent.embedding<384>
  // CHECK: stage.encode @minilm(%{{.*}}) : !agent.list<!agent.text> -> !agent.list<!agent.embedding<384>>
  %es = stage.encode @minilm(%qs) : !agent.list<!agent.text> -> !agent.list<!agent.embedding<384>>
  // CHECK: stage.transfer %{{.*}} from "local-cpu" to "h200" : !agent.embedding<384>
  %f = stage.transfer %e from "local-cpu" to "h200" : !agent.embedding<384>
  // CHECK: stage.search @docs(%{{.*}}) k(8) : !agent.embedding<384> -> !agent.docs
  %d = stage.search @docs(%f) k(8) : !agent.embedding<384> -> !agent.docs
  // CHECK: stage.score @ranker(%{{.*}}, %{{.*}}) k(4) -> !agent.docs
  %b = stage.score @ranker(%q, %d) k(4) -> !agent.docs
  // CHECK: stage.module @critic(%{{.*}}) : (tensor<1x8xf32>) -> f64
  %y = stage.module @critic(%x) : (tensor<1x8xf32>) -> f64
  // CHECK: %[[H:.*]] = stage.call @book(%{{.*}}) : (!agent.text) -> !stage.handle<!agent.text>
  %h = stage.call @book(%q) : (!agent.text) -> !stage.handle<!agent.text>
  // CHECK: %[[G:.*]] = stage.call @book(%{{.*}}) after(%[[H]]) {label = "again", may_retry} : (!agent.text), (!stage.handle<!agent.text>) -> !stage.handle<!agent.text>
  %g = stage.call @book(%q) after(%h) {label = "again", may_retry} : (!agent.text), (!stage.handle<!agent.text>) -> !stage.handle<!agent.text>
  // CHECK: stage.await %[[G]] : !stage.handle<!agent.text>
  %r = stage.await %g : !stage.handle<!agent.text>
  agent.return %r, %y : !agent.text, f64
}
