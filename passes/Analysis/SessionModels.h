//===- SessionModels.h - Which model a session belongs to -------*- C++ -*-===//
//
// A session type names no model, but its KV belongs to exactly one. This
// analysis follows a session back to the `agent.open_session` that opened it.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_SESSIONMODELS_H
#define AGENTC_PASSES_ANALYSIS_SESSIONMODELS_H

#include "dialects/Agent/Agent.h"
#include "llvm/ADT/DenseMap.h"

namespace agentc {

/// The model of each operation that continues a session.
using SessionModels =
    llvm::DenseMap<mlir::Operation *, mlir::FlatSymbolRefAttr>;

/// Finds the model of every `generate` in a session and every `append_session`.
/// An error when a session can be of two models, is continued with another
/// model, or cannot be traced to where it is opened.
mlir::FailureOr<SessionModels> findSessionModels(agent::GraphOp graph);

/// The values that may flow into `value` through the control flow operation
/// that it is a result or a region argument of; empty when it comes from
/// elsewhere.
llvm::SmallVector<mlir::Value> getForwardedValues(mlir::Value value);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_SESSIONMODELS_H
