//===- Template.h - Pieces of a tokenize template ---------------*- C++ -*-===//
//
// docs/spec.md, chapter "Prompts and pieces". A template is a list of
// pieces, each tokenised alone; equal leading pieces give equal leading tokens,
// and a template may be cut between any two of its pieces.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_DIALECTS_STAGE_TEMPLATE_H
#define AGENTC_DIALECTS_STAGE_TEMPLATE_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace agentc::stage {

/// One piece of a template.
struct TemplatePiece {
  enum class Kind {
    /// `text`, tokenised without special tokens.
    Literal,
    /// The value of the argument named `text`, behind `spaces` spaces.
    Placeholder,
    /// `text` is "<role" or "role>": what the model's chat format writes before
    /// and after a message; or "<default>": its whole default system message.
    Scaffold,
  };
  Kind kind;
  std::string text;
  /// The spaces that a literal in front of a placeholder ends with. They belong
  /// to the placeholder's piece; a literal piece holds its own in `text`.
  unsigned spaces = 0;

  bool operator==(const TemplatePiece &other) const {
    return kind == other.kind && text == other.text && spaces == other.spaces;
  }
  bool operator!=(const TemplatePiece &other) const {
    return !(*this == other);
  }
};

/// Cuts `text` into pieces; empty literals leave none. On a malformed template
/// returns failure and sets `error` to what is wrong with it.
mlir::FailureOr<llvm::SmallVector<TemplatePiece>>
parseTemplate(llvm::StringRef text, std::string &error);

/// Writes pieces back, so that `parseTemplate` gives the same pieces.
///
/// Only for pieces in an order in which `parseTemplate` gave them, or a run of
/// such: a literal that ends in a space is the last, or stands before a
/// scaffold, because elsewhere its spaces would go to the piece behind it.
std::string formatTemplate(llvm::ArrayRef<TemplatePiece> pieces);

} // namespace agentc::stage

#endif // AGENTC_DIALECTS_STAGE_TEMPLATE_H
