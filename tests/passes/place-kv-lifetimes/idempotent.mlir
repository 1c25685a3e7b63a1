// RUN: agentc-opt --agentc-place-kv-lifetimes %S/park.mlir -o %t.once
// RUN: agentc-opt --agentc-place-kv-lifetimes %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: agentc-opt --agentc-place-kv-lifetimes %S/basic.mlir -o %t.once
// RUN: agentc-opt --agentc-place-kv-lifetimes %t.once -o %t.twice
// RUN: diff %t.once %t.twice
// RUN: FileCheck %s --input-file %t.twice
// A second run adds neither a park nor a close.
// CHECK-COUNT-6: stage.kv.close
// CHECK-NOT: stage.kv.close
