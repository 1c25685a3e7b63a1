// RUN: agentc-opt --agentc-insert-transfers --agentc-verify-placement --mlir-pass-statistics %s 2>%t.stats | FileCheck %s
// RUN: FileCheck %s --check-prefix=STATS --input-file %t.stats
// One transfer serves all users on a class; handles and what is only waited for
// need none; sequences agree at the end of a region.
// STATS-DAG: (S) 1 transfers
// STATS-DAG: (S) 2 moves

#cpu = #stage.placement<"cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f32">
#gpu = #stage.placement<"gpu", replicas = 1, tp = 1, pp = 1, max_batch = 8, precision = "f16">
agent.model @smol llm source("smollm2-135m-instruct")
agent.model @minilm encoder source("all-minilm-l6-v2")
agent.index @docs source("docs/") embedder(@minilm)
agent.tool @log(x: !agent.text) -> !agent.text class(idempotent)

// CHECK-LABEL: agent.graph @once
// CHECK: %[[E:.*]] = stage.encode
// CHECK-NEXT: %[[M:.*]] = stage.transfer %[[E]] from "gpu" to "cpu"
// CHECK-NEXT: stage.search @docs(%[[M]])
// CHECK-NEXT: stage.search @docs(%[[M]])
// CHECK-NOT: stage.transfer
// CHECK: stage.await {{.*}}{placement = #stage.placement<"cpu"
agent.graph @once(%q: !agent.text) -> (!agent.docs, !agent.docs, !agent.text) {
  %e = stage.encode @minilm(%q) {placement = #gpu} : !agent.text -> !agent.embedding<384>
  %a = stage.search @docs(%e) k(2) {placement = #cpu} : !agent.embedding<384> -> !agent.docs
  %b = stage.search @docs(%e) k(4) {placement = #cpu} : !agent.embedding<384> -> !agent.docs
  %h = stage.call @log(%q) after(%e) {placement = #cpu} : (!agent.text), (!agent.embedding<384>) -> !stage.handle<!agent.text>
  %r = stage.await %h {placement = #gpu} : !stage.handle<!agent.text>
  agent.return %a, %b, %r : !agent.docs, !agent.docs, !agent.text
}

// The first region says where the result is; the other moves there.
// CHECK-LABEL: agent.graph @agree
// CHECK: %[[R:.*]] = agent.cond
// CHECK: %{{.*}}, %[[A:.*]] = stage.decode
// CHECK-NEXT: agent.yield %[[A]]
// CHECK: %[[KV:.*]] = stage.kv.move %{{.*}} to "cpu"
// CHECK-NEXT: %{{.*}}, %[[B:.*]] = stage.decode @smol %[[KV]]
// CHECK-NEXT: %[[BACK:.*]] = stage.kv.move %[[B]] to "gpu"
// CHECK-NEXT: agent.yield %[[BACK]]
// CHECK: stage.kv.close %[[R]] {placement = #stage.placement<"gpu"
agent.graph @agree(%c: i1) {
  %kv = stage.kv.open @smol -> !stage.kv
  %r = agent.cond %c -> (!stage.kv) {
    %x, %a = stage.decode @smol %kv max_tokens(8) {placement = #gpu} -> (!agent.text, !stage.kv)
    agent.yield %a : !stage.kv
  } else {
    %y, %b = stage.decode @smol %kv max_tokens(8) {placement = #cpu} -> (!agent.text, !stage.kv)
    agent.yield %b : !stage.kv
  }
  stage.kv.close %r
  agent.return
}
