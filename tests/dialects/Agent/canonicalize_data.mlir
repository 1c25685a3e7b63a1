// Data operations on constants and on values just made.
// RUN: agentc-opt %s --canonicalize | FileCheck %s

!pair = !agent.record<"Pair", a: !agent.text, n: i64>

// CHECK-LABEL: agent.graph @records
// CHECK: %[[C:.*]] = agent.constant {a = "x", n = 2 : i64} : !agent.record<"Pair", a: !agent.text, n: i64>
// CHECK: agent.return %arg1, %[[C]]
agent.graph @records(%t: !agent.text, %n: i64) -> (i64, !pair) {
  %r = agent.make_record(a = %t, n = %n) : !pair
  %f = agent.get_field %r["n"] : !pair
  %x = agent.constant "x" : !agent.text
  %two = agent.constant 2 : i64
  %c = agent.make_record(a = %x, n = %two) : !pair
  agent.return %f, %c : i64, !pair
}

// CHECK-LABEL: agent.graph @constant_field
// CHECK-NEXT: %[[C:.*]] = agent.constant 7 : i64
// CHECK-NEXT: agent.return %[[C]]
agent.graph @constant_field() -> i64 {
  %r = agent.constant {a = "x", n = 7} : !pair
  %f = agent.get_field %r["n"] : !pair
  agent.return %f : i64
}

// CHECK-LABEL: agent.graph @items
// CHECK: agent.return %arg1
agent.graph @items(%a: !agent.text, %b: !agent.text) -> !agent.text {
  %one = agent.constant 1 : i64
  %l = agent.make_list(%a, %b) : !agent.list<!agent.text>
  %x = agent.get_item %l[%one] : !agent.list<!agent.text>
  agent.return %x : !agent.text
}

// An index outside throws at run time; it stays.
// CHECK-LABEL: agent.graph @item_outside
// CHECK: agent.get_item
agent.graph @item_outside(%a: !agent.text) -> !agent.text {
  %m = agent.constant -1 : i64
  %l = agent.make_list(%a) : !agent.list<!agent.text>
  %x = agent.get_item %l[%m] : !agent.list<!agent.text>
  agent.return %x : !agent.text
}

// CHECK-LABEL: agent.graph @lengths
// CHECK-DAG: %[[TWO:.*]] = agent.constant 2 : i64
// CHECK-DAG: %[[THREE:.*]] = agent.constant 3 : i64
// CHECK: agent.return %[[TWO]], %[[THREE]]
agent.graph @lengths(%a: !agent.text) -> (i64, i64) {
  %l = agent.make_list(%a, %a) : !agent.list<!agent.text>
  %n = agent.length %l : !agent.list<!agent.text>
  %t = agent.constant "a\C3\A9b" : !agent.text
  %m = agent.length %t : !agent.text
  agent.return %n, %m : i64, i64
}

// CHECK-LABEL: agent.graph @concat
// CHECK-DAG: %[[AB:.*]] = agent.constant "ab" : !agent.text
// CHECK-DAG: %[[ALL:.*]] = agent.concat %arg0, %arg0, %arg1 : !agent.text
// CHECK: agent.return %[[AB]], %[[ALL]], %arg0
agent.graph @concat(%x: !agent.text, %y: !agent.text) -> (!agent.text, !agent.text, !agent.text) {
  %a = agent.constant "a" : !agent.text
  %b = agent.constant "b" : !agent.text
  %ab = agent.concat %a, %b : !agent.text
  %xx = agent.concat %x, %x : !agent.text
  %xxy = agent.concat %xx, %y : !agent.text
  %one = agent.concat %x : !agent.text
  agent.return %ab, %xxy, %one : !agent.text, !agent.text, !agent.text
}

// CHECK-LABEL: agent.graph @flatten
// CHECK: %[[F:.*]] = agent.concat %arg0, %arg1 : !agent.docs
// CHECK: agent.return %[[F]]
agent.graph @flatten(%d: !agent.docs, %e: !agent.docs) -> !agent.docs {
  %l = agent.make_list(%d, %e) : !agent.list<!agent.docs>
  %f = agent.flatten %l : !agent.list<!agent.docs>
  agent.return %f : !agent.docs
}

// CHECK-LABEL: agent.graph @logic
// CHECK-NEXT: %[[NO:.*]] = agent.constant false
// CHECK-NEXT: agent.return %arg0, %[[NO]], %arg0, %arg0
agent.graph @logic(%p: i1) -> (i1, i1, i1, i1) {
  %yes = agent.constant true
  %no = agent.constant false
  %a = agent.and %p, %yes
  %b = agent.and %no, %p
  %c = agent.or %p, %no
  %d = agent.not %p
  %e = agent.not %d
  agent.return %a, %b, %c, %e : i1, i1, i1, i1
}

// CHECK-LABEL: agent.graph @compare
// CHECK-DAG: %[[YES:.*]] = agent.constant true
// CHECK-DAG: %[[NO:.*]] = agent.constant false
// CHECK: agent.return %[[YES]], %[[NO]], %[[YES]]
agent.graph @compare() -> (i1, i1, i1) {
  %s = agent.constant "hello" : !agent.text
  %t = agent.constant "ell" : !agent.text
  %m = agent.constant -2 : i64
  %n = agent.constant 1 : i64
  %a = agent.compare contains %s, %t : !agent.text
  %b = agent.compare gt %m, %n : i64
  %c = agent.compare lt %t, %s : !agent.text
  agent.return %a, %b, %c : i1, i1, i1
}

// Division rounds down, the remainder has the sign of the divisor.
// CHECK-LABEL: agent.graph @binary
// CHECK-DAG: %[[D:.*]] = agent.constant -4 : i64
// CHECK-DAG: %[[M:.*]] = agent.constant 1 : i64
// CHECK-DAG: %[[F:.*]] = agent.constant 1.500000e+00 : f64
// CHECK: agent.return %[[D]], %[[M]], %[[F]]
agent.graph @binary() -> (i64, i64, f64) {
  %a = agent.constant -7 : i64
  %b = agent.constant 2 : i64
  %x = agent.constant -0.5 : f64
  %y = agent.constant 2.0 : f64
  %d = agent.binary div %a, %b : i64
  %m = agent.binary mod %a, %b : i64
  %f = agent.binary mod %x, %y : f64
  agent.return %d, %m, %f : i64, i64, f64
}

// Division by zero and overflow throw at run time; they stay.
// CHECK-LABEL: agent.graph @arithmetic_errors
// CHECK: agent.binary div
// CHECK: agent.binary add
agent.graph @arithmetic_errors() -> (i64, i64) {
  %z = agent.constant 0 : i64
  %m = agent.constant 9223372036854775807 : i64
  %d = agent.binary div %m, %z : i64
  %a = agent.binary add %m, %m : i64
  agent.return %d, %a : i64, i64
}
