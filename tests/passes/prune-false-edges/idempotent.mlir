// A second run changes nothing, and edges that are needed survive both.
// RUN: agentc-opt --agentc-split-calls --agentc-prune-false-edges %s -o %t.once
// RUN: agentc-opt --agentc-prune-false-edges %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice

agent.tool @read(x: !agent.text) -> !agent.text class(idempotent) reads(["db"])
agent.tool @write(x: !agent.text) -> !agent.text class(idempotent) writes(["db"])
agent.graph @twice(%x: !agent.text) {
  // CHECK: %[[A:.*]] = stage.call @write
  %a = agent.call_tool @write(%x) : (!agent.text) -> !agent.text
  // CHECK: stage.call @read(%{{.*}}) after(%[[A]])
  %b = agent.call_tool @read(%x) : (!agent.text) -> !agent.text
  // CHECK: stage.call @read(%{{.*}}) after(%[[A]])
  %c = agent.call_tool @read(%x) : (!agent.text) -> !agent.text
  agent.return
}
