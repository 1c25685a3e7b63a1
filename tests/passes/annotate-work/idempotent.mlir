// RUN: agentc-opt --agentc-annotate-work %S/control.mlir -o %t.once
// RUN: agentc-opt --agentc-annotate-work %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: agentc-opt --agentc-annotate-work=kv-element-bytes=2.0 %t.twice | FileCheck %s
// A second run gives the same; one with other options replaces what was there.
// CHECK: stage.kv.park {{.*}} state_bytes = 1.920000e+03,
