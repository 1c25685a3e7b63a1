// A program that is already split has another canonical form. (Two calls with
// one site are refused by the verifier, before this pass.)
// RUN: agentc-opt --agentc-normalize --verify-diagnostics %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.graph @split() {
  // expected-error@below {{is already a stage, which agentc-normalize does not read; run it before agentc-split-calls}}
  %kv = stage.kv.open @smol -> !stage.kv
  agent.return
}
