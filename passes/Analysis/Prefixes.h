//===- Prefixes.h - Which calls begin alike ---------------------*- C++ -*-===//
//
// Facts about token streams: how many leading pieces two calls share, and which
// calls are worth a common prefix.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_PREFIXES_H
#define AGENTC_PASSES_ANALYSIS_PREFIXES_H

#include "passes/Analysis/PromptPieces.h"

namespace agentc {

/// One call: what it adds to which sequence of which model.
struct PrefixCall {
  mlir::Operation *op;
  llvm::StringRef model;
  /// The session or KV that the tokens follow; null for a sequence of its own.
  mlir::Value behind;
  FilledTemplate tokens;
};

/// Calls that share their first `sharedPieces` pieces.
struct PrefixGroup {
  llvm::SmallVector<size_t> calls;
  size_t sharedPieces;
};

/// The call that `op` makes.
PrefixCall getPrefixCall(agent::GenerateOp op);

/// How many leading pieces have the same text and the same values; 0 for calls
/// on two models or behind two sessions.
size_t countSharedPieces(const PrefixCall &a, const PrefixCall &b);

/// How many leading pieces are the same each time that some loop, map or vote
/// around the call repeats it; 0 when nothing does.
size_t countInvariantPieces(const PrefixCall &call);

/// Whether `op` runs its region several times.
bool isIterating(mlir::Operation *op);

/// Groups of calls worth a common prefix of `minChars` or more, the one that
/// saves most first. A group of one is a call that repeats its own prefix.
llvm::SmallVector<PrefixGroup>
findPrefixGroups(llvm::ArrayRef<PrefixCall> calls, size_t minChars);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_PREFIXES_H
