// A second run changes nothing; a program without constants is left alone.
// RUN: agentc-opt --agentc-specialize-prompts %s -o %t.once
// RUN: agentc-opt --agentc-specialize-prompts %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice

agent.graph @twice(%q: !agent.text) -> (!agent.text, !agent.text) {
  %c = agent.constant "c " : !agent.text
  %inner = agent.prompt "{c}{q}"(c = %c : !agent.text, q = %q : !agent.text) : !agent.text
  // CHECK: agent.prompt "{inner}{c}{inner}"
  %p = agent.prompt "{inner}{c}{inner}"(inner = %inner : !agent.text, c = %c : !agent.text) : !agent.text
  // CHECK: agent.prompt "plain {q}"(q = %{{.*}} : !agent.text)
  %r = agent.prompt "plain {q}"(q = %q : !agent.text) : !agent.text
  agent.return %p, %r : !agent.text, !agent.text
}
