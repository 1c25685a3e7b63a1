// The passes together: a constant joins the shared text, the shared text is
// prefilled once while the search runs, calls in order end in stages that verify.
// RUN: agentc-opt --agentc-lower-to-stage %s | FileCheck %s
// RUN: agentc-opt --agentc-lower-to-stage --mlir-pass-statistics -o /dev/null %s 2>&1 | FileCheck %s --check-prefix=COUNT

// COUNT: (S) 2 constants-folded
// COUNT: (S) 1 groups
// COUNT: (S) 6 calls-split
// COUNT: (S) 1 prefixes
// COUNT: (S) 1 cuts
agent.model @smol llm source("smollm2-135m-instruct") {dims = {layers = 30}}
agent.tool @look(q: !agent.text) -> !agent.text class(idempotent) reads(["wiki"])
agent.tool @save(t: !agent.text) -> !agent.text class(irreversible) writes(["notes"])

// CHECK-LABEL: agent.graph @report
agent.graph @report(%q: !agent.text) -> (!agent.text, !agent.text) {
  // CHECK: %[[EARLY:.*]] = stage.tokenize @smol "{<default>}{<user}You write reports.{|} Write for a child.{|} Topic: {q} Known:"
  // CHECK: %[[WARM:.*]] = stage.prefill @smol %{{.*}}, %[[EARLY]]
  // What was looked up comes later, and is read once for both calls.
  // CHECK: %[[LATE:.*]] = stage.tokenize @smol " {f}"
  // CHECK: %[[SHARED:.*]] = stage.prefill @smol %[[WARM]], %[[LATE]]
  %tone = agent.constant "Write for a child." : !agent.text
  %found = agent.call_tool @look(%q) : (!agent.text) -> !agent.text
  %p = agent.prompt "You write reports. {tone} Topic: {q} Known: {f} Give facts."(
    tone = %tone : !agent.text, q = %q : !agent.text, f = %found : !agent.text) : !agent.text
  %r = agent.prompt "You write reports. {tone} Topic: {q} Known: {f} Give doubts."(
    tone = %tone : !agent.text, q = %q : !agent.text, f = %found : !agent.text) : !agent.text
  // CHECK: stage.kv.fork %[[SHARED]]
  // CHECK: stage.kv.fork %[[SHARED]]
  // CHECK-NOT: agent.generate
  %facts = agent.generate @smol(%p) max_tokens(32)
  %doubts = agent.generate @smol(%r) max_tokens(32)
  // CHECK: stage.call @save
  // CHECK: stage.call @save(%{{.*}}) after(
  %a = agent.call_tool @save(%facts) : (!agent.text) -> !agent.text
  %b = agent.call_tool @save(%doubts) : (!agent.text) -> !agent.text
  %c = agent.call_tool @look(%b) : (!agent.text) -> !agent.text
  agent.return %a, %c : !agent.text, !agent.text
}
