//===- Levels.h - Which dialect a pass expects ------------------*- C++ -*-===//
//
// A pass that runs at the wrong level does nothing or harm; these checks turn
// that into an error that names the pass to run instead.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_LEVELS_H
#define AGENTC_PASSES_LEVELS_H

#include "mlir/IR/BuiltinOps.h"

namespace agentc {

/// Fails when an operation of the stage dialect is in `module`: `pass` runs
/// before agentc-split-calls.
mlir::LogicalResult requireNoStages(mlir::ModuleOp module,
                                    llvm::StringRef pass);

/// Fails when a call of the agent dialect is in `module`: `pass` runs after
/// agentc-split-calls.
mlir::LogicalResult requireNoCalls(mlir::ModuleOp module, llvm::StringRef pass);

/// Whether agentc-split-calls replaces `op`.
bool isAgentCall(mlir::Operation *op);

} // namespace agentc

#endif // AGENTC_PASSES_LEVELS_H
