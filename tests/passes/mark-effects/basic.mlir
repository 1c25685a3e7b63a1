// RUN: agentc-opt --agentc-mark-effects --mlir-pass-statistics %s 2>%t.stats | FileCheck %s
// RUN: FileCheck %s --check-prefix=STATS --input-file %t.stats
// Each class of tool, and each kind of stage. A stale mark goes.
// STATS-DAG: (S) 8 retryable
// STATS-DAG: (S) 4 speculable

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @put(x: !agent.text) -> !agent.text class(idempotent)
agent.tool @draft(x: !agent.text) -> !agent.text class(stageable)
agent.tool @send(x: !agent.text) -> !agent.text class(irreversible)

agent.graph @marks(%x: !agent.text) -> (!agent.text, !agent.text) {
  // CHECK: stage.call @put(%{{.*}}) {may_retry} :
  %a = stage.call @put(%x) : (!agent.text) -> !stage.handle<!agent.text>
  // CHECK: stage.call @draft(%{{.*}}) {may_retry} :
  %b = stage.call @draft(%x) : (!agent.text) -> !stage.handle<!agent.text>
  // CHECK: stage.call @send(%{{.*}}) :
  %c = stage.call @send(%x) {may_retry, may_speculate} : (!agent.text) -> !stage.handle<!agent.text>
  // CHECK: stage.await %{{.*}} {may_retry} :
  %ra = stage.await %a : !stage.handle<!agent.text>
  // CHECK: stage.tokenize {{.*}} {may_retry, may_speculate} ->
  %t = stage.tokenize @smol "{x}"(x = %x : !agent.text) -> !stage.tokens
  // CHECK: stage.kv.open @smol {may_retry, may_speculate} ->
  %kv = stage.kv.open @smol -> !stage.kv
  // CHECK: stage.prefill {{.*}} {may_retry, may_speculate} ->
  %kv1 = stage.prefill @smol %kv, %t -> !stage.kv
  // The seed of a sampled text is its own: a second attempt gives the same.
  // CHECK: stage.decode {{.*}} temperature(1.000000e+00) {may_retry, may_speculate} ->
  %y, %kv2 = stage.decode @smol %kv1 max_tokens(4) temperature(1.0) -> (!agent.text, !stage.kv)
  // Somebody reads along.
  // CHECK: stage.decode {{.*}} stream {may_retry} ->
  %z, %kv3 = stage.decode @smol %kv2 max_tokens(4) stream -> (!agent.text, !stage.kv)
  agent.return %z, %ra : !agent.text, !agent.text
}
