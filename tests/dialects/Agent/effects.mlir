// Which calls may be merged, and which may be dropped when nobody uses them.
// RUN: agentc-opt %s --cse --canonicalize | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")
agent.tool @calc(expr: !agent.text) -> f64 class(pure)
agent.tool @read(key: !agent.text) -> f64 class(idempotent) reads(["store"])
agent.tool @write(key: !agent.text) -> f64 class(idempotent) writes(["store"])
agent.tool @pay(key: !agent.text) -> f64 class(irreversible)
agent.tool @book(key: !agent.text) -> f64 class(stageable) reads(["calendar"])
agent.schema @Plan : !agent.record<"Plan", n: i64> json("{}")

// CHECK-LABEL: agent.graph @greedy_calls_merge
// CHECK-COUNT-1: agent.generate
// CHECK-NEXT: agent.return
agent.graph @greedy_calls_merge(%t: !agent.text) -> (!agent.text, !agent.text) {
  %a = agent.generate @smol(%t) max_tokens(4)
  %b = agent.generate @smol(%t) max_tokens(4)
  agent.return %a, %b : !agent.text, !agent.text
}

// CHECK-LABEL: agent.graph @sampled_calls_stay_apart
// CHECK-COUNT-2: agent.generate
// CHECK-NEXT: agent.return
agent.graph @sampled_calls_stay_apart(%t: !agent.text) -> (!agent.text, !agent.text) {
  %a = agent.generate @smol(%t) max_tokens(4) temperature(1.0)
  %b = agent.generate @smol(%t) max_tokens(4) temperature(1.0)
  %unused = agent.generate @smol(%t) max_tokens(4) temperature(1.0)
  agent.return %a, %b : !agent.text, !agent.text
}

// CHECK-LABEL: agent.graph @pure_tools_merge
// CHECK-COUNT-1: agent.call_tool
// CHECK-NEXT: agent.return
agent.graph @pure_tools_merge(%t: !agent.text) -> (f64, f64) {
  %a = agent.call_tool @calc(%t) : (!agent.text) -> f64
  %b = agent.call_tool @calc(%t) : (!agent.text) -> f64
  agent.return %a, %b : f64, f64
}

// Reads merge until something is written.
// CHECK-LABEL: agent.graph @reads
// CHECK-NEXT: agent.call_tool @read
// CHECK-NEXT: agent.call_tool @write
// CHECK-NEXT: agent.call_tool @read
// CHECK-NEXT: agent.return
agent.graph @reads(%t: !agent.text) -> (f64, f64, f64) {
  %a = agent.call_tool @read(%t) : (!agent.text) -> f64
  %b = agent.call_tool @read(%t) : (!agent.text) -> f64
  %w = agent.call_tool @write(%t) : (!agent.text) -> f64
  %c = agent.call_tool @read(%t) : (!agent.text) -> f64
  agent.return %a, %b, %c : f64, f64, f64
}

// CHECK-LABEL: agent.graph @actions_stay
// CHECK-COUNT-2: agent.call_tool @pay
// CHECK-NEXT: agent.call_tool @book
// CHECK-NEXT: agent.parse
// CHECK-NEXT: agent.await_event
// CHECK-NEXT: agent.return
agent.graph @actions_stay(%t: !agent.text) -> () {
  %a = agent.call_tool @pay(%t) : (!agent.text) -> f64
  %b = agent.call_tool @pay(%t) : (!agent.text) -> f64
  %c = agent.call_tool @book(%t) : (!agent.text) -> f64
  %p = agent.parse @Plan %t : !agent.record<"Plan", n: i64>
  %e = agent.await_event "go" -> i1
  agent.return
}

// CHECK-LABEL: agent.graph @unused_branch
// CHECK-NEXT: agent.return
agent.graph @unused_branch(%c: i1, %t: !agent.text) -> () {
  %r = agent.cond %c -> (!agent.text) {
    %g = agent.generate @smol(%t) max_tokens(4)
    agent.yield %g : !agent.text
  } else {
    agent.yield %t : !agent.text
  }
  agent.return
}

// CHECK-LABEL: agent.graph @unused_branch_that_throws
// CHECK: agent.throw
agent.graph @unused_branch_that_throws(%c: i1, %t: !agent.text) -> () {
  agent.cond %c {
    agent.throw %t kind("stop")
  } else {
    agent.yield
  }
  agent.return
}
