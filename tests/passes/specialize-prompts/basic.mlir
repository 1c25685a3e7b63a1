// Every printable constant becomes the text that a run would write; a prompt in
// a prompt is flattened only when it is one piece; no rewrite moves a piece.
// RUN: agentc-opt --agentc-specialize-prompts %s | FileCheck %s

// CHECK-LABEL: agent.graph @printing
agent.graph @printing() -> !agent.text {
  %i = agent.constant -3 : i64
  %f = agent.constant 1.0e+16 : f64
  %g = agent.constant 2.5e-1 : f64
  %b = agent.constant true
  %s = agent.constant "{x}" : !agent.text
  // CHECK: agent.prompt "-3{|}1e+16{|}0.25{|}true{|}{{[{][{]x[}][}]}}"() : !agent.text
  %p = agent.prompt "{i}{f}{g}{b}{s}"(i = %i : i64, f = %f : f64, g = %g : f64, b = %b : i1,
    s = %s : !agent.text) : !agent.text
  agent.return %p : !agent.text
}

// CHECK-LABEL: agent.graph @spaces
agent.graph @spaces(%q: !agent.text) -> !agent.text {
  %c = agent.constant "end " : !agent.text
  // As text in the middle, the last space would join the next piece.
  // CHECK: agent.prompt "{c}: {q} end "(c = %{{.*}} : !agent.text, q = %{{.*}} : !agent.text)
  %p = agent.prompt "{c}: {q} {c}"(c = %c : !agent.text, q = %q : !agent.text) : !agent.text
  agent.return %p : !agent.text
}

// CHECK-LABEL: agent.graph @nested
agent.graph @nested(%q: !agent.text, %n: i64) -> !agent.text {
  %one = agent.prompt " {n}"(n = %n : i64) : !agent.text
  %two = agent.prompt "two {n}"(n = %n : i64) : !agent.text
  %text = agent.prompt "a{|}b"() : !agent.text
  // CHECK: agent.prompt "1:  {n} 2: {two} 3:{|} ab"(two = %{{.*}} : !agent.text, n = %{{.*}} : i64)
  %p = agent.prompt "1: {one} 2: {two} 3: {text}"(one = %one : !agent.text, two = %two : !agent.text,
    text = %text : !agent.text) : !agent.text
  agent.return %p : !agent.text
}

// CHECK-LABEL: agent.graph @clash
agent.graph @clash(%a: !agent.text, %b: !agent.text) -> !agent.text {
  %inner = agent.prompt "{x}"(x = %a : !agent.text) : !agent.text
  // CHECK: agent.prompt "{x_1} and {x}"(x = %arg1 : !agent.text, x_1 = %arg0 : !agent.text)
  %p = agent.prompt "{y} and {x}"(y = %inner : !agent.text, x = %b : !agent.text) : !agent.text
  agent.return %p : !agent.text
}
