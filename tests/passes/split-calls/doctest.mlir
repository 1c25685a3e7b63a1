// RUN: agentc-opt --agentc-split-calls %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @search(query: !agent.text) -> !agent.docs class(pure)

agent.graph @answer(%question: !agent.text) -> !agent.text {
  // CHECK: %[[H:.*]] = stage.call @search
  // CHECK: %[[DOCS:.*]] = stage.await %[[H]]
  %docs = agent.call_tool @search(%question) : (!agent.text) -> !agent.docs
  %prompt = agent.prompt "Read:\n{docs}\nAnswer: {q}"(docs = %docs : !agent.docs,
    q = %question : !agent.text) : !agent.text
  // CHECK: %[[KV:.*]] = stage.kv.open @smol
  // CHECK: %[[T:.*]] = stage.tokenize @smol "{<default>}{<user}Read:\0A{docs}\0AAnswer: {q}{user>}{<assistant}"(docs = %[[DOCS]]
  // CHECK: %[[KV1:.*]] = stage.prefill @smol %[[KV]], %[[T]]
  // CHECK: %[[TEXT:.*]], %{{.*}} = stage.decode @smol %[[KV1]] max_tokens(64) site(0)
  %answer = agent.generate @smol(%prompt) max_tokens(64) {site = 0}
  // CHECK: agent.return %[[TEXT]]
  agent.return %answer : !agent.text
}
