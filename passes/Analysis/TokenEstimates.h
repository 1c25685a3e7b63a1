//===- TokenEstimates.h - How long values will be ---------------*- C++ -*-===//
//
// Expected (or 95th percentile) token counts, list lengths and sequence lengths
// of the values of a graph, from the declared distributions, the templates and
// the control flow around them.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_TOKENESTIMATES_H
#define AGENTC_PASSES_ANALYSIS_TOKENESTIMATES_H

#include "dialects/Agent/Agent.h"
#include "dialects/Stage/Stage.h"
#include "llvm/ADT/DenseMap.h"

namespace agentc {

/// What to assume where a program does not say it.
struct TokenDefaults {
  /// Tokens of a text that nothing is known about.
  double textTokens = 64;
  /// Items of a list that nothing is known about.
  double listItems = 4;
  /// Tokens of a passage of an index without `chunk_tokens`.
  double passageTokens = 128;
};

class TokenEstimates {
public:
  enum class Point { Mean, P95 };

  TokenEstimates(Point point, const TokenDefaults &defaults)
      : point(point), defaults(defaults) {}

  /// Tokens of `value` as a prompt would print it, or of `!stage.tokens`.
  double getTokens(mlir::Value value) { return get(Measure::Tokens, value); }
  /// Items of a list or docs.
  double getItems(mlir::Value value) { return get(Measure::Items, value); }
  /// Tokens of the sequence that a `!stage.kv` is a snapshot of.
  double getKvTokens(mlir::Value value) { return get(Measure::Kv, value); }
  /// Those at its end whose KV is not computed yet (after stage.kv.append).
  double getPendingTokens(mlir::Value value);

  /// The mean or the 95th percentile; null gives `otherwise`.
  double evaluate(agent::DistAttr dist, double otherwise) const;
  /// How often a loop's body runs.
  double getIterations(agent::LoopOp loop) const;

private:
  enum class Measure { Tokens, Items, Kv };
  using Memo = llvm::DenseMap<std::pair<int, mlir::Value>, double>;

  double get(Measure measure, mlir::Value value);
  double compute(Measure measure, mlir::Value value);

  double ofResult(Measure measure, mlir::OpResult result);
  double ofArgument(Measure measure, mlir::BlockArgument arg);
  double ofControl(Measure measure, mlir::OpResult result);
  double ofAlternatives(Measure measure, mlir::OpResult result,
                        llvm::ArrayRef<double> weights);
  double ofCarried(Measure measure, agent::LoopOp loop, unsigned position,
                   bool atEnd);

  double tokensOf(mlir::Operation *op);
  double itemsOf(mlir::Operation *op);
  double kvOf(mlir::Operation *op);
  double tokensOfTemplate(mlir::Operation *op, llvm::StringRef text,
                          mlir::ArrayAttr names, mlir::ValueRange args);
  double tokensOfField(agent::GetFieldOp op);
  double unknown(Measure measure, mlir::Type type) const;

  Point point;
  TokenDefaults defaults;
  Memo memo;
  /// What an argument of a loop is taken to be while its body is followed.
  Memo assumed;
};

/// Characters of `attr` as a prompt would print it.
size_t getPrintedLength(mlir::Attribute attr);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_TOKENESTIMATES_H
