// RUN: agentc-opt --agentc-annotate-work --verify-diagnostics %s
// Before calls are split nobody knows the pieces of work.

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @early(%q: !agent.text) {
  // expected-error@below {{is not split into stages, which agentc-annotate-work reads; run agentc-split-calls first}}
  %a = agent.generate @smol(%q) max_tokens(8)
  agent.return
}
