// RUN: agentc-opt --agentc-split-prefill %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @weather(city: !agent.text) -> !agent.text class(pure)

agent.graph @plan(%trip: !agent.text) -> !agent.text {
  // CHECK: %[[H:.*]] = stage.call @weather
  %h = stage.call @weather(%trip) : (!agent.text) -> !stage.handle<!agent.text>
  %weather = stage.await %h : !stage.handle<!agent.text>
  // CHECK: %[[KV:.*]] = stage.kv.open
  // CHECK: %[[EARLY:.*]] = stage.tokenize @smol "{<default>}{<user}Plan this trip: {trip}.{|}\0AThe weather:"(trip = %{{.*}} : !agent.text)
  // CHECK: %[[WARM:.*]] = stage.prefill @smol %[[KV]], %[[EARLY]]
  // CHECK: %[[LATE:.*]] = stage.tokenize @smol " {weather}{user>}{<assistant}"(weather = %{{.*}} : !agent.text)
  // CHECK: stage.prefill @smol %[[WARM]], %[[LATE]]
  %kv = stage.kv.open @smol -> !stage.kv
  %t = stage.tokenize @smol "{<default>}{<user}Plan this trip: {trip}.{|}\nThe weather: {weather}{user>}{<assistant}"(
    trip = %trip : !agent.text, weather = %weather : !agent.text) -> !stage.tokens
  %kv1 = stage.prefill @smol %kv, %t -> !stage.kv
  %answer, %kv2 = stage.decode @smol %kv1 max_tokens(64) -> (!agent.text, !stage.kv)
  agent.return %answer : !agent.text
}
