// Rewrites of prompts keep the pieces that a call sees.
// RUN: agentc-opt %s --canonicalize | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")

// CHECK-LABEL: agent.graph @literal
// CHECK-NEXT: %[[T:.*]] = agent.constant "be {brief}" : !agent.text
// CHECK-NEXT: agent.return %[[T]]
agent.graph @literal() -> !agent.text {
  %p = agent.prompt "be {{brief}}"() : !agent.text
  agent.return %p : !agent.text
}

// Two pieces: no constant text has them.
// CHECK-LABEL: agent.graph @cut_literal
// CHECK: agent.prompt "a{|}b"
agent.graph @cut_literal() -> !agent.text {
  %p = agent.prompt "a{|}b"() : !agent.text
  agent.return %p : !agent.text
}

// CHECK-LABEL: agent.graph @plain
// CHECK-NEXT: agent.return %arg0
agent.graph @plain(%t: !agent.text) -> !agent.text {
  %p = agent.prompt "{t}"(t = %t : !agent.text) : !agent.text
  agent.return %p : !agent.text
}

// The number is formatted.
// CHECK-LABEL: agent.graph @plain_number
// CHECK: agent.prompt "{n}"
agent.graph @plain_number(%n: i64) -> !agent.text {
  %p = agent.prompt "{n}"(n = %n : i64) : !agent.text
  agent.return %p : !agent.text
}

// The call sees one piece, not the two of the inner prompt.
// CHECK-LABEL: agent.graph @plain_of_prompt
// CHECK: %[[INNER:.*]] = agent.prompt "Q: {q}"
// CHECK: %[[OUTER:.*]] = agent.prompt "{t}"(t = %[[INNER]] : !agent.text)
// CHECK: agent.generate @smol(%[[OUTER]])
agent.graph @plain_of_prompt(%q: !agent.text) -> !agent.text {
  %p = agent.prompt "Q: {q}"(q = %q : !agent.text) : !agent.text
  %o = agent.prompt "{t}"(t = %p : !agent.text) : !agent.text
  %g = agent.generate @smol(%o) max_tokens(4)
  agent.return %g : !agent.text
}

// The same where a branch is known: its result was one piece.
// CHECK-LABEL: agent.graph @branch_of_prompt
// CHECK: %[[INNER:.*]] = agent.prompt "Q: {q}"
// CHECK: %[[ONE:.*]] = agent.prompt "{text}"(text = %[[INNER]] : !agent.text)
// CHECK: agent.generate @smol(%[[ONE]])
agent.graph @branch_of_prompt(%q: !agent.text) -> !agent.text {
  %yes = agent.constant true
  %r = agent.cond %yes -> (!agent.text) {
    %p = agent.prompt "Q: {q}"(q = %q : !agent.text) : !agent.text
    agent.yield %p : !agent.text
  } else {
    agent.yield %q : !agent.text
  }
  %g = agent.generate @smol(%r) max_tokens(4)
  agent.return %g : !agent.text
}

// CHECK-LABEL: agent.graph @unused_operand
// CHECK: agent.prompt "Q: {q}"(q = %arg0 : !agent.text) : !agent.text
agent.graph @unused_operand(%q: !agent.text, %d: !agent.docs) -> !agent.text {
  %p = agent.prompt "Q: {q}"(d = %d : !agent.docs, q = %q : !agent.text) : !agent.text
  agent.return %p : !agent.text
}
