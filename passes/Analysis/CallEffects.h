//===- CallEffects.h - What order tool calls need ---------------*- C++ -*-===//
//
// Facts about tools (from their class and declared resources) and about
// operations that may throw: which of two must not overtake the other.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_CALLEFFECTS_H
#define AGENTC_PASSES_ANALYSIS_CALLEFFECTS_H

#include "dialects/Agent/Agent.h"
#include "dialects/Stage/Stage.h"

namespace agentc {

/// The tool that `call` starts.
agent::ToolOp getTool(stage::CallOp call);

/// Whether nobody can tell if or when the tool ran.
bool isPure(agent::ToolOp tool);

/// Whether the tool may change something outside: it is stageable or
/// irreversible, says that it writes, or says neither what it reads nor what it
/// writes.
bool mayWrite(agent::ToolOp tool);

/// Whether the order of two calls can be told from outside: one writes what
/// the other reads or writes. A tool that declares neither conflicts with
/// every tool that is not pure.
bool haveConflict(agent::ToolOp a, agent::ToolOp b);

/// Whether `op` itself (not its regions) can end in an error.
bool mayThrow(mlir::Operation *op);

/// Whether `op` or something in its regions can end in an error. What is inside
/// `agent.try` counts too: the error may come out of its catch region.
bool mayThrowInside(mlir::Operation *op);

/// The calls to tools that are not pure, in `op`'s regions or `op` itself.
llvm::SmallVector<stage::CallOp> getEffectCalls(mlir::Operation *op);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_CALLEFFECTS_H
