// What is split is refused rather than half split again; a program without
// calls stays as it is, and no call of the agent dialect survives.
// RUN: agentc-opt --agentc-split-calls %s -o %t.once
// RUN: FileCheck %s --input-file %t.once
// RUN: not agentc-opt --agentc-split-calls %t.once 2>&1 | FileCheck %s --check-prefix=TWICE

// TWICE: is already a stage, which agentc-split-calls does not read
agent.model @smol llm source("smollm2-135m-instruct")
// CHECK-LABEL: agent.graph @plain
agent.graph @plain(%a: !agent.text) -> i64 {
  // CHECK-NEXT: agent.length
  // CHECK-NEXT: agent.return
  %n = agent.length %a : !agent.text
  agent.return %n : i64
}
// CHECK-LABEL: agent.graph @calls
// CHECK-NOT: agent.generate
agent.graph @calls(%a: !agent.text) -> !agent.text {
  %r = agent.generate @smol(%a) max_tokens(8) {site = 0}
  agent.return %r : !agent.text
}
