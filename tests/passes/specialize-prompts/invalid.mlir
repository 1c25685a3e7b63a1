// The pass accepts every valid module; what it may not do is bring a value into
// a template that no prompt can print, which the verifier refuses beforehand.
// RUN: agentc-opt --agentc-specialize-prompts --verify-diagnostics --split-input-file %s

agent.graph @unprintable(%e: !agent.embedding<384>) -> !agent.text {
  // expected-error@below {{printable}}
  %p = agent.prompt "{e}"(e = %e : !agent.embedding<384>) : !agent.text
  agent.return %p : !agent.text
}

// -----

agent.graph @unknown(%q: !agent.text) -> !agent.text {
  // expected-error@below {{other}}
  %p = agent.prompt "{other}"(q = %q : !agent.text) : !agent.text
  agent.return %p : !agent.text
}
