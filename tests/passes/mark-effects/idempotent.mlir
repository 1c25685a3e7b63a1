// RUN: agentc-opt --agentc-mark-effects %S/basic.mlir -o %t.once
// RUN: agentc-opt --agentc-mark-effects %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice
// A second run gives the same marks.
// CHECK-COUNT-8: may_retry
// CHECK-NOT: may_retry
