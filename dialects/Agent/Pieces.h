//===- Pieces.h - rewrites that keep a prompt's pieces ----------*- C++ -*-===//
//
// A call's tokens depend on the operation that made its text: the result of an
// `agent.prompt` is many pieces, any other text is one (docs/spec.md, "Prompts
// and pieces"). So a rewrite may not simply put one text for another.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_DIALECTS_AGENT_PIECES_H
#define AGENTC_DIALECTS_AGENT_PIECES_H

#include "dialects/Agent/Agent.h"
#include "mlir/IR/PatternMatch.h"

namespace agentc::agent {

/// The value that may replace `old`: `by` itself, or, where a model call would
/// see other pieces, `agent.prompt "{text}"(text = by)`, which is one piece.
mlir::Value keepPieces(mlir::RewriterBase &rewriter, mlir::Value old,
                       mlir::Value by);

/// Replaces all results of the operation by values with the same pieces.
void replaceKeepingPieces(mlir::RewriterBase &rewriter, mlir::Operation *op,
                          mlir::ValueRange by);

} // namespace agentc::agent

#endif // AGENTC_DIALECTS_AGENT_PIECES_H
