// RUN: agentc-opt --agentc-verify-placement %S/basic.mlir -o %t.once
// RUN: agentc-opt %S/basic.mlir -o %t.plain
// RUN: diff %t.once %t.plain
// RUN: FileCheck %s --input-file %t.once
// The gate lets through and changes nothing.
// CHECK: stage.kv.move
