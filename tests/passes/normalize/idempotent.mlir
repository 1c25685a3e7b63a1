// A second run changes nothing.
// RUN: agentc-opt --agentc-normalize %s -o %t.once
// RUN: agentc-opt --agentc-normalize %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice

// CHECK: site = 0
// CHECK: site = 1
agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @calc(expr: !agent.text) -> !agent.text class(pure)
agent.graph @twice(%q: !agent.text) -> !agent.text {
  %yes = agent.constant true
  %a = agent.cond %yes -> (!agent.text) {
    %x = agent.generate @smol(%q) max_tokens(8) temperature(0.5)
    agent.yield %x : !agent.text
  } else {
    %x = agent.generate @smol(%q) max_tokens(9) temperature(0.5)
    agent.yield %x : !agent.text
  }
  %b = agent.call_tool @calc(%a) : (!agent.text) -> !agent.text
  %c = agent.generate @smol(%b) max_tokens(8) temperature(0.5)
  agent.return %c : !agent.text
}
