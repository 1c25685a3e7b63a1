// RUN: agentc-opt --agentc-hoist-prefixes --mlir-pass-statistics %s 2>%t.stats | FileCheck %s
// RUN: FileCheck %s --check-prefix=STATS --input-file %t.stats
// A prefix leaves what repeats it, and stays where only some paths need it.
// STATS-DAG: (S) 3 prefixes
// STATS-DAG: (S) 4 calls-shared

agent.model @smol llm source("smollm2-135m-instruct")

// The spaces behind "Judge" belong to the value, so they stay with it.
// CHECK-LABEL: agent.graph @out_of_a_map
// CHECK: %[[T:.*]] = stage.tokenize @smol "{<user}Judge"()
// CHECK: %[[PREFIX:.*]] = stage.prefill @smol %{{.*}}, %[[T]]
// CHECK: agent.map
// CHECK: stage.tokenize @smol "  {x}{user>}{<assistant}"(x = %{{.*}} : !agent.text)
// CHECK: stage.kv.fork %[[PREFIX]]
agent.graph @out_of_a_map(%xs: !agent.list<!agent.text>) -> !agent.list<!agent.text> {
  %ys = agent.map %xs : !agent.list<!agent.text> -> (!agent.list<!agent.text>) {
  ^bb0(%i: i64, %x: !agent.text):
    %kv = stage.kv.open @smol -> !stage.kv
    %t = stage.tokenize @smol "{<user}Judge  {x}{user>}{<assistant}"(x = %x : !agent.text) {prefix_group = 0, shared_pieces = 2} -> !stage.tokens
    %a = stage.prefill @smol %kv, %t -> !stage.kv
    %y, %b = stage.decode @smol %a max_tokens(4) -> (!agent.text, !stage.kv)
    agent.yield %y : !agent.text
  }
  agent.return %ys : !agent.list<!agent.text>
}

// Both regions need it: it is computed in front, behind the fork of a session.
// CHECK-LABEL: agent.graph @out_of_a_cond
// CHECK: %[[S:.*]] = stage.kv.open @smol session "s"
// CHECK: %[[F:.*]] = stage.kv.fork %[[S]]
// CHECK: %[[PREFIX:.*]] = stage.prefill @smol %[[F]]
// CHECK: agent.cond
// CHECK: stage.kv.fork %[[PREFIX]]
// CHECK: else
// CHECK: stage.kv.fork %[[PREFIX]]
agent.graph @out_of_a_cond(%c: i1) -> !agent.text {
  %s = stage.kv.open @smol session "s" -> !stage.kv
  %r = agent.cond %c -> (!agent.text) {
    %kv = stage.kv.fork %s -> !stage.kv
    %t = stage.tokenize @smol "{<user}Be kind.{|} Now.{user>}{<assistant}"() {prefix_group = 1, shared_pieces = 2} -> !stage.tokens
    %a = stage.prefill @smol %kv, %t -> !stage.kv
    %y, %b = stage.decode @smol %a max_tokens(4) -> (!agent.text, !stage.kv)
    agent.yield %y : !agent.text
  } else {
    %kv = stage.kv.fork %s -> !stage.kv
    %t = stage.tokenize @smol "{<user}Be kind.{|} Later.{user>}{<assistant}"() {prefix_group = 1, shared_pieces = 2} -> !stage.tokens
    %a = stage.prefill @smol %kv, %t -> !stage.kv
    %y, %b = stage.decode @smol %a max_tokens(4) -> (!agent.text, !stage.kv)
    agent.yield %y : !agent.text
  }
  agent.return %r : !agent.text
}

// A branch that may not run keeps its prefix, but not inside of a loop.
// CHECK-LABEL: agent.graph @maybe
// CHECK: agent.cond
// CHECK-NEXT: stage.kv.open
// CHECK: } else {
// CHECK: %[[PREFIX:.*]] = stage.prefill
// CHECK: agent.vote
// CHECK: agent.cond
// CHECK-NEXT: stage.tokenize @smol "{user>}{<assistant}"()
agent.graph @maybe(%c: i1, %q: !agent.text) -> (!agent.text, !agent.text) {
  %r = agent.cond %c -> (!agent.text) {
    %kv = stage.kv.open @smol -> !stage.kv
    %t = stage.tokenize @smol "{<user}Alone{user>}{<assistant}"() {prefix_group = 2, shared_pieces = 2} -> !stage.tokens
    %a = stage.prefill @smol %kv, %t -> !stage.kv
    %y, %b = stage.decode @smol %a max_tokens(4) -> (!agent.text, !stage.kv)
    agent.yield %y : !agent.text
  } else {
    agent.yield %q : !agent.text
  }
  %v = agent.vote n(5) majority -> (!agent.text) {
  ^bb0(%i: i64):
    %w = agent.cond %c -> (!agent.text) {
      %kv = stage.kv.open @smol -> !stage.kv
      %t = stage.tokenize @smol "{<user}Again{user>}{<assistant}"() {prefix_group = 3, shared_pieces = 2} -> !stage.tokens
      %a = stage.prefill @smol %kv, %t -> !stage.kv
      %y, %b = stage.decode @smol %a max_tokens(4) temperature(1.0) -> (!agent.text, !stage.kv)
      agent.yield %y : !agent.text
    } else {
      agent.yield %q : !agent.text
    }
    agent.yield %w : !agent.text
  }
  agent.return %r, %v : !agent.text, !agent.text
}
