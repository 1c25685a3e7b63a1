// Two calls with one site would draw the same numbers; a program that is
// already split has another canonical form.
// RUN: agentc-opt --agentc-normalize --verify-diagnostics --split-input-file %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @twice(%q: !agent.text) -> (!agent.text, !agent.text) {
  // expected-note@below {{the other call}}
  %a = agent.generate @smol(%q) max_tokens(8) temperature(0.5) {site = 4}
  // expected-error@below {{has site 4, which another call has; both would draw the same random numbers, so give each its own}}
  %b = agent.generate @smol(%q) max_tokens(8) temperature(0.5) {site = 4}
  agent.return %a, %b : !agent.text, !agent.text
}

// -----

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @split() {
  // expected-error@below {{is already a stage, which agentc-normalize does not read; run it before agentc-split-calls}}
  %kv = stage.kv.open @smol -> !stage.kv
  agent.return
}
