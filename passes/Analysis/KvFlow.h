//===- KvFlow.h - Who extends, holds and ends a snapshot --------*- C++ -*-===//
//
// A `!stage.kv` is extended, moved, parked, handed on or closed at most once on
// every path; a fork only borrows it. These facts are shared by the pass that
// ends lifetimes and by the one that checks them.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_KVFLOW_H
#define AGENTC_PASSES_ANALYSIS_KVFLOW_H

#include "dialects/Stage/Stage.h"

namespace agentc {

/// What a use does with a snapshot.
enum class KvUse {
  /// Reads it: a fork, or an operation that only waits for it.
  Borrow,
  /// Extends it, moves it, gives it up or hands it to another value.
  Consume,
  /// Hands it on when a loop is left here; on the path that goes on the
  /// snapshot is still there.
  Exit,
};

KvUse classifyKvUse(mlir::OpOperand &use);

/// The operations of `block` that use `kv` themselves or in a region, in
/// program order.
llvm::SmallVector<mlir::Operation *> getUsersIn(mlir::Value kv,
                                                mlir::Block *block);

/// Whether `op` itself, not one in its regions, consumes `kv`.
bool consumesKv(mlir::Operation *op, mlir::Value kv);

/// Whether an operation in a region of `op` consumes `kv`.
bool consumesKvInside(mlir::Operation *op, mlir::Value kv);

/// Every snapshot of the graph, in program order.
llvm::SmallVector<mlir::Value> collectKvValues(mlir::Operation *graph);

/// The model whose sequence `kv` is, also through control flow; null when no
/// operation says it.
mlir::FlatSymbolRefAttr findKvModel(mlir::Value kv);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_KVFLOW_H
