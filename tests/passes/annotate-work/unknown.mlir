// RUN: agentc-opt --agentc-annotate-work %s | FileCheck %s
// Unknown is not zero: work that depends on what nobody declared is left out,
// and a stale one goes.

agent.model @smol llm source("smollm2-135m-instruct")
agent.model @minilm encoder source("all-minilm-l6-v2")
agent.index @docs source("docs/") embedder(@minilm)

agent.graph @undeclared(%q: !agent.text) -> !agent.docs {
  // CHECK: stage.kv.open {{.*}} work =
  %kv = stage.kv.open @smol -> !stage.kv
  // CHECK: stage.tokenize {{.*}} work =
  %t = stage.tokenize @smol "{q}"(q = %q : !agent.text) -> !stage.tokens
  // CHECK: stage.prefill {{.*}} {est_tokens = {{[^}]*}}}} ->
  %kv1 = stage.prefill @smol %kv, %t {work = #stage.work<flops = 1.0, bytes_read = 0.0, bytes_written = 0.0, state_bytes = 0.0, comm_bytes = 0.0, calls = 1.0>} -> !stage.kv
  // CHECK: stage.encode {{.*}} {est_tokens = {{[^}]*}}}} :
  %e = stage.encode @minilm(%q) : !agent.text -> !agent.embedding<384>
  // CHECK: stage.search {{.*}} {est_tokens = {{[^}]*}}}} :
  %d = stage.search @docs(%e) k(4) : !agent.embedding<384> -> !agent.docs
  agent.return %d : !agent.docs
}
