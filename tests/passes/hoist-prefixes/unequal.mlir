// RUN: agentc-opt --agentc-hoist-prefixes %s | FileCheck %s
// What is not equal is not shared, whatever the annotation says; nor is what a
// value defined inside depends on. The annotation goes all the same.

agent.model @smol llm source("smollm2-135m-instruct")
agent.model @big llm source("big")

// CHECK-NOT: stage.kv.fork
// CHECK-NOT: prefix_group

agent.graph @other_value(%a: !agent.text, %b: !agent.text) {
  %kv0 = stage.kv.open @smol -> !stage.kv
  %t0 = stage.tokenize @smol "{a}, please."(a = %a : !agent.text) {prefix_group = 0, shared_pieces = 1} -> !stage.tokens
  %p0 = stage.prefill @smol %kv0, %t0 -> !stage.kv
  %kv1 = stage.kv.open @smol -> !stage.kv
  %t1 = stage.tokenize @smol "{a}, please."(a = %b : !agent.text) {prefix_group = 0, shared_pieces = 1} -> !stage.tokens
  %p1 = stage.prefill @smol %kv1, %t1 -> !stage.kv
  agent.return
}

agent.graph @other_model() {
  %kv0 = stage.kv.open @smol -> !stage.kv
  %t0 = stage.tokenize @smol "Be brief.{|} Now."() {prefix_group = 1, shared_pieces = 1} -> !stage.tokens
  %p0 = stage.prefill @smol %kv0, %t0 -> !stage.kv
  %kv1 = stage.kv.open @big -> !stage.kv
  %t1 = stage.tokenize @big "Be brief.{|} Now."() {prefix_group = 1, shared_pieces = 1} -> !stage.tokens
  %p1 = stage.prefill @big %kv1, %t1 -> !stage.kv
  agent.return
}

agent.graph @inner_value(%xs: !agent.list<!agent.text>) {
  agent.map %xs : !agent.list<!agent.text> {
  ^bb0(%i: i64, %x: !agent.text):
    %kv = stage.kv.open @smol -> !stage.kv
    %t = stage.tokenize @smol "{x}, please."(x = %x : !agent.text) {prefix_group = 2, shared_pieces = 1} -> !stage.tokens
    %p = stage.prefill @smol %kv, %t -> !stage.kv
    agent.yield
  }
  agent.return
}
