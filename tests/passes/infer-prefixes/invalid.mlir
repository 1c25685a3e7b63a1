// Once a call is split its token stream is no longer in one place.
// RUN: agentc-opt --agentc-infer-prefixes --verify-diagnostics %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @split(%q: !agent.text) {
  // expected-error@below {{is already a stage, which agentc-infer-prefixes does not read; run it before agentc-split-calls}}
  %t = stage.tokenize @smol "{<user}{q}{user>}"(q = %q : !agent.text) -> !stage.tokens
  agent.return
}
