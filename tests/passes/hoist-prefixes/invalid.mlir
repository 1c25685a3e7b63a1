// RUN: agentc-opt --agentc-hoist-prefixes --verify-diagnostics %s
// Before calls are split there is no prefill to share.

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @early(%q: !agent.text) {
  // expected-error@below {{is not split into stages, which agentc-hoist-prefixes reads; run agentc-split-calls first}}
  %a = agent.generate @smol(%q) max_tokens(8)
  agent.return
}
