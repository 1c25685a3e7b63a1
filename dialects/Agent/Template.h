//===- Template.h - prompt templates ----------------------------*- C++ -*-===//
//
// The syntax of docs/spec.md, "Prompts and pieces": `{name}` is a placeholder,
// `{|}` cuts a literal in two pieces, `{{` and `}}` are braces. Templates of
// the stage dialect also have scaffold markers such as `{<user}` and `{user>}`.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_DIALECTS_AGENT_TEMPLATE_H
#define AGENTC_DIALECTS_AGENT_TEMPLATE_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace mlir {
class InFlightDiagnostic;
} // namespace mlir

namespace agentc::agent {

struct TemplateItem {
  enum class Kind {
    Literal,     ///< text, unescaped
    Placeholder, ///< the name of an operand
    Cut,         ///< `{|}`
    Scaffold,    ///< `<user` or `user>`: role and side, without the braces
  };
  Kind kind;
  std::string text;

  bool operator==(const TemplateItem &other) const {
    return kind == other.kind && text == other.text;
  }
};

using TemplateItems = llvm::SmallVector<TemplateItem, 4>;

/// Reads a template. Literals that touch are one item. Reports the first
/// mistake through `emitError`.
mlir::FailureOr<TemplateItems>
parseTemplate(llvm::StringRef text, bool allowScaffold,
              llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

/// As above for a template that was verified.
TemplateItems parseVerifiedTemplate(llvm::StringRef text);

/// The template text of the items; the inverse of parseTemplate.
std::string printTemplate(llvm::ArrayRef<TemplateItem> items);

} // namespace agentc::agent

#endif // AGENTC_DIALECTS_AGENT_TEMPLATE_H
