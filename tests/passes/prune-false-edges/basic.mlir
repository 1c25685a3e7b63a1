// An edge stays when the tools conflict, or when one may write and the other
// may throw; it goes when something else implies it.
// RUN: agentc-opt --agentc-split-calls --agentc-prune-false-edges %s | FileCheck %s

agent.schema @Plan : !agent.record<"Plan", q: !agent.text> json("{}")
agent.tool @read(x: !agent.text) -> !agent.text class(idempotent) reads(["db"])
agent.tool @write(x: !agent.text) -> !agent.text class(idempotent) writes(["db"])
agent.tool @any(x: !agent.text) -> !agent.text class(idempotent)

// CHECK-LABEL: agent.graph @conflicts
agent.graph @conflicts(%x: !agent.text) {
  // CHECK: %[[R1:.*]] = stage.call @read(%{{.*}}) {
  %a = agent.call_tool @read(%x) : (!agent.text) -> !agent.text
  // Two reads do not conflict.
  // CHECK: %[[R2:.*]] = stage.call @read(%{{.*}}) {
  %b = agent.call_tool @read(%x) : (!agent.text) -> !agent.text
  // A write waits for both.
  // CHECK: %[[W:.*]] = stage.call @write(%{{.*}}) after(%[[R2]], %[[R1]])
  %c = agent.call_tool @write(%x) : (!agent.text) -> !agent.text
  // A tool that says nothing is after everything; the write implies the reads.
  // CHECK: %[[A:.*]] = stage.call @any(%{{.*}}) after(%[[W]])
  %d = agent.call_tool @any(%x) : (!agent.text) -> !agent.text
  // The argument implies the order.
  // CHECK: stage.call @write(%{{.*}}) {
  %e = agent.call_tool @write(%d) : (!agent.text) -> !agent.text
  agent.return
}

// CHECK-LABEL: agent.graph @throws
agent.graph @throws(%x: !agent.text, %bad: i1) {
  // CHECK: %[[PLAN:.*]] = agent.parse
  %p = agent.parse @Plan %x : !agent.record<"Plan", q: !agent.text>
  // What only reads may happen behind an error.
  // CHECK: stage.call @read(%{{.*}}) {
  %a = agent.call_tool @read(%x) : (!agent.text) -> !agent.text
  // CHECK: %[[P:.*]] = agent.cond
  agent.cond %bad {
    agent.throw %x kind("refused")
  } else {
    agent.yield
  }
  // CHECK: stage.call @write(%{{.*}}) after(%{{.*}}, %[[P]], %[[PLAN]])
  %b = agent.call_tool @write(%x) : (!agent.text) -> !agent.text
  agent.return
}

// CHECK-LABEL: agent.graph @regions
agent.graph @regions(%x: !agent.text, %c: i1) {
  // CHECK: %[[W:.*]] = stage.call @write(%{{.*}}) {
  %a = agent.call_tool @write(%x) : (!agent.text) -> !agent.text
  // CHECK: %[[R:.*]] = agent.cond
  %b = agent.cond %c -> (!agent.text) {
    // CHECK: stage.call @read(%{{.*}}) after(%[[W]])
    %r = agent.call_tool @read(%x) : (!agent.text) -> !agent.text
    agent.yield %r : !agent.text
  } else {
    agent.yield %x : !agent.text
  }
  // CHECK: stage.call @write(%{{.*}}) after(%[[W]], %[[R]])
  %d = agent.call_tool @write(%x) : (!agent.text) -> !agent.text
  agent.return
}
