// RUN: agentc-opt --agentc-insert-transfers --verify-diagnostics %s
// Before calls are split nothing has a place.

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @early(%q: !agent.text) {
  // expected-error@below {{is not split into stages, which agentc-insert-transfers reads; run agentc-split-calls first}}
  %a = agent.generate @smol(%q) max_tokens(8)
  agent.return
}
