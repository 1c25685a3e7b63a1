// A session is a KV value wherever it goes; history follows the chat format;
// where it goes on twice, or again in each iteration, it is forked.
// RUN: agentc-opt --agentc-split-calls %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")

// CHECK-LABEL: agent.graph @chat
agent.graph @chat(%q: !agent.text, %rule: !agent.text) -> !agent.text {
  // CHECK: %[[KV:.*]] = stage.kv.open @smol session "chat"
  // CHECK: %[[T:.*]] = stage.tokenize @smol "{<system}{text}{system>}"
  // CHECK: %[[OPEN:.*]] = stage.prefill @smol %[[KV]], %[[T]]
  %s = agent.open_session @smol "chat" system(%rule) -> !agent.session
  // CHECK: %[[T2:.*]] = stage.tokenize @smol "{<tool}{text}{tool>}"
  // CHECK: %[[KV2:.*]] = stage.kv.append %[[OPEN]], %[[T2]]
  %s2 = agent.append_session %s, %q role("tool") -> !agent.session
  // CHECK: agent.loop (%{{.*}}, %[[KV3:.*]] = %[[KV2]] : !stage.kv) max_iters(3) -> (!stage.kv)
  %s3 = agent.loop (%i, %turn = %s2 : !agent.session) max_iters(3) -> (!agent.session) {
    // CHECK: %[[T4:.*]] = stage.tokenize @smol "{<user}{text}{user>}{<assistant}"
    // CHECK: %[[KV4:.*]] = stage.prefill @smol %[[KV3]], %[[T4]]
    // CHECK: %[[TEXT:.*]], %[[KV5:.*]] = stage.decode @smol %[[KV4]]
    // CHECK: %[[END:.*]] = stage.tokenize @smol "{assistant>}"
    // CHECK: %[[KV6:.*]] = stage.kv.append %[[KV5]], %[[END]]
    %text, %next = agent.generate @smol(%q) session(%turn) max_tokens(8) {site = 0}
    %stop = agent.compare eq %text, %q : !agent.text
    // CHECK: agent.break_if %{{.*}}, %[[KV6]] : !stage.kv
    agent.break_if %stop, %next : !agent.session
    // CHECK: agent.yield %[[KV6]] : !stage.kv
    agent.yield %next : !agent.session
  }
  %r, %end = agent.generate @smol(%q) session(%s3) max_tokens(8) {site = 1}
  agent.return %r : !agent.text
}

// CHECK-LABEL: agent.graph @fork
agent.graph @fork(%q: !agent.text, %l: !agent.list<!agent.text>) -> !agent.text {
  // CHECK: stage.tokenize @smol "{<default>}"
  // CHECK: %[[OPEN:.*]] = stage.prefill
  %s = agent.open_session @smol "chat" -> !agent.session
  // CHECK: %[[F1:.*]] = stage.kv.fork %[[OPEN]]
  // CHECK: stage.prefill @smol %[[F1]]
  %a, %s1 = agent.generate @smol(%q) session(%s) max_tokens(8) {site = 0}
  // CHECK: agent.map
  %each = agent.map %l : !agent.list<!agent.text> -> (!agent.list<!agent.text>) {
  ^bb0(%i: i64, %x: !agent.text):
    // CHECK: %[[F2:.*]] = stage.kv.fork %[[OPEN]]
    // CHECK: stage.prefill @smol %[[F2]]
    %b, %s2 = agent.generate @smol(%x) session(%s) max_tokens(8) {site = 1}
    agent.yield %b : !agent.text
  }
  agent.return %a : !agent.text
}
