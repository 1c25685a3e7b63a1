// RUN: agentc-opt --agentc-mark-effects --verify-diagnostics %s
// Before calls are split there is no stage to mark.

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @early(%q: !agent.text) {
  // expected-error@below {{is not split into stages, which agentc-mark-effects reads; run agentc-split-calls first}}
  %a = agent.generate @smol(%q) max_tokens(8)
  agent.return
}
