//===- SpecializePrompts.cpp - Constants into templates -------------------===//

#include "passes/Analysis/FormatConstant.h"
#include "passes/Analysis/PromptPieces.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

namespace agentc {
#define GEN_PASS_DEF_SPECIALIZEPROMPTSPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

// The text that `value` is known to have: that of a constant, or of a prompt
// without placeholders.
static std::optional<std::string> getKnownText(Value value) {
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)))
    return formatConstant(constant, value.getType());
  auto prompt = value.getDefiningOp<agent::PromptOp>();
  if (!prompt)
    return std::nullopt;
  std::string text;
  for (const Piece &piece : FilledTemplate::of(prompt).getPieces()) {
    if (piece.kind != Piece::Kind::Literal)
      return std::nullopt;
    text += piece.text;
  }
  return text;
}

// The only piece of the prompt that makes `value`, when it is a placeholder:
// the inner prompt's text is then one piece in the outer one as well.
static std::optional<FilledTemplate::Arg> getOnlyValue(Value value,
                                                       unsigned &spaces) {
  auto prompt = value.getDefiningOp<agent::PromptOp>();
  if (!prompt)
    return std::nullopt;
  FilledTemplate inner = FilledTemplate::of(prompt);
  if (inner.getPieces().size() != 1 ||
      inner.getPieces()[0].kind != Piece::Kind::Placeholder)
    return std::nullopt;
  spaces = inner.getPieces()[0].spaces;
  return inner.getArgs()[0];
}

// `pieces` with piece `i` as literal text; an empty piece has no tokens.
static Pieces withText(ArrayRef<Piece> pieces, size_t i, StringRef text) {
  Pieces result(pieces.begin(), pieces.end());
  std::string literal = std::string(pieces[i].spaces, ' ') + text.str();
  if (literal.empty())
    result.erase(result.begin() + i);
  else
    result[i] = {Piece::Kind::Literal, std::move(literal), 0};
  return result;
}

// Writes a filled template back to the operation it was read from.
static void store(agent::PromptOp prompt, const FilledTemplate &filled,
                  StringRef text) {
  Builder builder(prompt.getContext());
  prompt.setTemplateText(text);
  prompt.setArgNamesAttr(builder.getStrArrayAttr(filled.getArgNames()));
  prompt.getArgsMutable().assign(filled.getArgValues());
}

namespace {
struct SpecializePromptsPass
    : agentc::impl::SpecializePromptsPassBase<SpecializePromptsPass> {
  void runOnOperation() override {
    // Program order: an inner prompt is final before an outer one reads it.
    getOperation().walk([&](agent::PromptOp prompt) { specialize(prompt); });
  }

  void specialize(agent::PromptOp prompt) {
    FilledTemplate filled = FilledTemplate::of(prompt);
    size_t inputs = prompt.getArgs().size();
    bool changed = filled.getArgs().size() != inputs;
    for (size_t i = 0; i < filled.getPieces().size();) {
      size_t before = filled.getPieces().size();
      bool rewritten = foldConstant(filled, i) || flatten(filled, i);
      changed |= rewritten;
      // A piece that vanished leaves the next one at its place.
      i += filled.getPieces().size() == before;
    }
    if (!changed)
      return;
    std::optional<std::string> text = filled.render();
    assert(text && "each step was checked");
    store(prompt, filled, *text);
    numInputsDropped += inputs - std::min(inputs, prompt.getArgs().size());
  }

  bool foldConstant(FilledTemplate &filled, size_t i) {
    Value value = filled.getValue(filled.getPieces()[i]);
    std::optional<std::string> text =
        value ? getKnownText(value) : std::nullopt;
    if (!text)
      return false;
    Pieces pieces = withText(filled.getPieces(), i, *text);
    if (!renderPieces(pieces))
      return false;
    filled.setPieces(pieces);
    ++numConstantsFolded;
    return true;
  }

  bool flatten(FilledTemplate &filled, size_t i) {
    Value value = filled.getValue(filled.getPieces()[i]);
    unsigned spaces = 0;
    auto inner = value ? getOnlyValue(value, spaces) : std::nullopt;
    if (!inner)
      return false;
    std::string name = filled.freeName(inner->first, inner->second);
    Pieces pieces(filled.getPieces());
    pieces[i].text = name;
    pieces[i].spaces += spaces;
    filled.bind(name, inner->second);
    filled.setPieces(pieces);
    ++numPromptsFlattened;
    return true;
  }
};
} // namespace
