//===- PromptPieces.h - Templates with their values -------------*- C++ -*-===//
//
// A prompt's token stream is the concatenation of its pieces, each tokenised
// alone (docs/spec.md, "prompts, pieces and tokens"). A rewrite of a template
// is exact as long as the pieces and their values stay the same, which is what
// this analysis lets a pass check.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_PROMPTPIECES_H
#define AGENTC_PASSES_ANALYSIS_PROMPTPIECES_H

#include "dialects/Agent/Agent.h"
#include "dialects/Stage/Stage.h"
#include "dialects/Stage/Template.h"
#include <optional>
#include <string>

namespace agentc {

using Piece = stage::TemplatePiece;
using Pieces = llvm::SmallVector<Piece, 8>;

/// A template cut into pieces, and the value of each placeholder.
class FilledTemplate {
public:
  using Arg = std::pair<std::string, mlir::Value>;

  FilledTemplate() = default;
  static FilledTemplate of(agent::PromptOp prompt);
  static FilledTemplate of(stage::TokenizeOp tokenize);
  /// The pieces of the prompt that makes `text`, else `text` as one piece.
  static FilledTemplate ofText(mlir::Value text);

  llvm::ArrayRef<Piece> getPieces() const { return pieces; }
  llvm::ArrayRef<Arg> getArgs() const { return args; }
  /// The value of a placeholder; null for another piece.
  mlir::Value getValue(const Piece &piece) const;

  /// Adds "<user", "user>" and the like.
  void addScaffold(llvm::StringRef marker);
  /// Adds the pieces of `other`. Where both use one name for two values, the
  /// name of `other` gets a number.
  void append(const FilledTemplate &other);
  /// The pieces from `begin` up to `end`, with the values that they use.
  FilledTemplate slice(size_t begin, size_t end) const;

  /// The same values, other pieces; arguments no piece names are dropped.
  void setPieces(llvm::ArrayRef<Piece> newPieces);
  /// Binds `name` to `value`, which must not be bound to another one.
  void bind(llvm::StringRef name, mlir::Value value);
  /// A name like `wish` that is not bound to any value but `value`.
  std::string freeName(llvm::StringRef wish, mlir::Value value) const;

  /// The text that is cut into exactly these pieces, or nothing when there is
  /// none: a literal can end in spaces only at the end or before a scaffold.
  std::optional<std::string> render() const;
  llvm::SmallVector<llvm::StringRef> getArgNames() const;
  llvm::SmallVector<mlir::Value> getArgValues() const;

private:
  Pieces pieces;
  llvm::SmallVector<Arg> args;
};

/// The text whose pieces are `pieces`, or nothing when there is none.
std::optional<std::string> renderPieces(llvm::ArrayRef<Piece> pieces);

/// Cuts a template that its verifier has accepted.
Pieces parseVerifiedPieces(llvm::StringRef text);

/// The tokens that a call adds behind its session's history, or the whole
/// sequence when it has no session.
FilledTemplate getCallTemplate(agent::GenerateOp call);
/// The system message that opens a sequence; `system` may be null.
FilledTemplate getOpeningTemplate(mlir::Value system);
/// One message of `role`.
FilledTemplate getMessageTemplate(llvm::StringRef role, mlir::Value text);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_PROMPTPIECES_H
