// RUN: agentc-opt --agentc-insert-transfers %S/basic.mlir -o %t.once
// RUN: agentc-opt --agentc-insert-transfers %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice
// A second run finds every crossing made.
// CHECK-COUNT-1: stage.transfer
// CHECK-NOT: stage.transfer
