// Before calls are split there are no edges to look at.
// RUN: agentc-opt --agentc-prune-false-edges --verify-diagnostics %s

agent.tool @calc(x: !agent.text) -> !agent.text class(pure)
agent.graph @early(%x: !agent.text) {
  // expected-error@below {{is not split into stages, which agentc-prune-false-edges reads; run agentc-split-calls first}}
  %a = agent.call_tool @calc(%x) : (!agent.text) -> !agent.text
  agent.return
}
