// Data: constants, records, lists, comparisons, arithmetic.
// RUN: agentc-opt %s | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --mlir-print-op-generic | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --emit-bytecode | agentc-opt | FileCheck %s

!point = !agent.record<"Point", x: f64, "a b": !agent.text>

// CHECK-LABEL: agent.graph @constants
agent.graph @constants() -> () {
  // CHECK: agent.constant "hi" : !agent.text
  %a = agent.constant "hi" : !agent.text
  // CHECK: agent.constant true{{$}}
  %b = agent.constant true
  // CHECK: agent.constant 3 : i64
  %c = agent.constant 3 : i64
  // CHECK: agent.constant 2.500000e+00 : f64
  %d = agent.constant 2.5 : f64
  // CHECK: agent.constant ["a", "b"] : !agent.list<!agent.text>
  %e = agent.constant ["a", "b"] : !agent.list<!agent.text>
  // CHECK: agent.constant {"a b" = "t", x = 1.000000e+00 : f64} : !agent.record<"Point", x: f64, "a b": !agent.text>
  %f = agent.constant {x = 1.0, "a b" = "t"} : !point
  agent.return
}

// CHECK-LABEL: agent.graph @records
agent.graph @records(%x: f64, %t: !agent.text) -> !agent.text {
  // CHECK: agent.make_record(x = %{{.*}}, "a b" = %{{.*}}) : !agent.record<"Point", x: f64, "a b": !agent.text>
  %r = agent.make_record(x = %x, "a b" = %t) : !point
  // CHECK: agent.get_field %{{.*}}["a b"] : !agent.record<"Point", x: f64, "a b": !agent.text>
  %f = agent.get_field %r["a b"] : !point
  agent.return %f : !agent.text
}

// CHECK-LABEL: agent.graph @lists
agent.graph @lists(%a: !agent.text, %d: !agent.docs, %i: i64) -> i64 {
  // CHECK: agent.make_list(%{{.*}}, %{{.*}}) : !agent.list<!agent.text>
  %l = agent.make_list(%a, %a) : !agent.list<!agent.text>
  // CHECK: agent.make_list() : !agent.list<i64>
  %m = agent.make_list() : !agent.list<i64>
  %p = agent.get_item %d[%i] : !agent.docs
  // CHECK: agent.make_list(%{{.*}}) : !agent.docs
  %o = agent.make_list(%p) : !agent.docs
  // CHECK: agent.get_item %{{.*}}[%{{.*}}] : !agent.list<!agent.text>
  %x = agent.get_item %l[%i] : !agent.list<!agent.text>
  // CHECK: agent.get_item %{{.*}}[%{{.*}}] : !agent.docs
  %y = agent.get_item %d[%i] : !agent.docs
  // CHECK: agent.concat %{{.*}}, %{{.*}} : !agent.list<!agent.text>
  %c = agent.concat %l, %l : !agent.list<!agent.text>
  %n = agent.make_list(%d) : !agent.list<!agent.docs>
  // CHECK: agent.flatten %{{.*}} : !agent.list<!agent.docs>
  %f = agent.flatten %n : !agent.list<!agent.docs>
  // CHECK: agent.length %{{.*}} : !agent.docs
  %s = agent.length %f : !agent.docs
  agent.return %s : i64
}

// CHECK-LABEL: agent.graph @scalars
agent.graph @scalars(%a: !agent.text, %i: i64, %x: f64, %p: i1) -> i1 {
  // CHECK: agent.compare contains %{{.*}}, %{{.*}} : !agent.text
  %b = agent.compare contains %a, %a : !agent.text
  // CHECK: agent.binary mod %{{.*}}, %{{.*}} : i64
  %m = agent.binary mod %i, %i : i64
  // CHECK: agent.binary div %{{.*}}, %{{.*}} : f64
  %d = agent.binary div %x, %x : f64
  // CHECK: agent.and %{{.*}}, %{{.*}}
  %c = agent.and %b, %p
  // CHECK: agent.or %{{.*}}, %{{.*}}
  %e = agent.or %c, %p
  // CHECK: agent.not %{{.*}}
  %f = agent.not %e
  agent.return %f : i1
}
