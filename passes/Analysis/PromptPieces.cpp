//===- PromptPieces.cpp - Templates with their values ---------------------===//

#include "passes/Analysis/PromptPieces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;
using namespace mlir;

namespace agentc {

using Kind = Piece::Kind;

// The role whose scaffold says what the model says without a system message.
static constexpr StringLiteral kDefaultSystem = "<default>";

Pieces parseVerifiedPieces(StringRef text) {
  std::string error;
  auto pieces = stage::parseTemplate(text, error);
  if (failed(pieces))
    report_fatal_error(Twine("a verified template ") + error);
  return Pieces(pieces->begin(), pieces->end());
}

std::optional<std::string> renderPieces(ArrayRef<Piece> pieces) {
  std::string text = stage::formatTemplate(pieces);
  if (ArrayRef<Piece>(parseVerifiedPieces(text)) != pieces)
    return std::nullopt;
  return text;
}

template <typename OpT>
static FilledTemplate fill(OpT op, StringRef text, FilledTemplate result) {
  for (auto [name, value] : zip_equal(op.getArgNames(), op.getArgs()))
    result.bind(cast<StringAttr>(name).getValue(), value);
  result.setPieces(parseVerifiedPieces(text));
  return result;
}

FilledTemplate FilledTemplate::of(agent::PromptOp prompt) {
  return fill(prompt, prompt.getTemplateText(), {});
}

FilledTemplate FilledTemplate::of(stage::TokenizeOp tokenize) {
  return fill(tokenize, tokenize.getTemplateText(), {});
}

FilledTemplate FilledTemplate::ofText(Value text) {
  if (auto prompt = text.getDefiningOp<agent::PromptOp>())
    return of(prompt);
  FilledTemplate result;
  result.bind("text", text);
  result.pieces.push_back({Kind::Placeholder, "text", 0});
  return result;
}

Value FilledTemplate::getValue(const Piece &piece) const {
  if (piece.kind != Kind::Placeholder)
    return nullptr;
  const Arg *arg =
      find_if(args, [&](const Arg &arg) { return arg.first == piece.text; });
  return arg == args.end() ? nullptr : arg->second;
}

void FilledTemplate::addScaffold(StringRef marker) {
  pieces.push_back({Kind::Scaffold, marker.str(), 0});
}

void FilledTemplate::bind(StringRef name, Value value) {
  for (const Arg &arg : args)
    if (arg.first == name) {
      assert(arg.second == value && "one name, two values");
      return;
    }
  args.push_back({name.str(), value});
}

std::string FilledTemplate::freeName(StringRef wish, Value value) const {
  std::string name = wish.str();
  auto taken = [&](const Arg &arg) {
    return arg.first == name && arg.second != value;
  };
  for (unsigned i = 1; any_of(args, taken); ++i)
    name = (wish + "_" + Twine(i)).str();
  return name;
}

void FilledTemplate::append(const FilledTemplate &other) {
  StringMap<std::string> renamed;
  for (const Arg &arg : other.args) {
    std::string name = freeName(arg.first, arg.second);
    bind(name, arg.second);
    renamed[arg.first] = std::move(name);
  }
  for (Piece piece : other.pieces) {
    if (piece.kind == Kind::Placeholder)
      piece.text = renamed[piece.text];
    pieces.push_back(std::move(piece));
  }
}

FilledTemplate FilledTemplate::slice(size_t begin, size_t end) const {
  FilledTemplate part;
  part.args = args;
  part.setPieces(ArrayRef<Piece>(pieces).slice(begin, end - begin));
  return part;
}

void FilledTemplate::setPieces(ArrayRef<Piece> newPieces) {
  Pieces copy(newPieces.begin(), newPieces.end());
  pieces = std::move(copy);
  erase_if(args, [&](const Arg &arg) {
    return none_of(pieces, [&](const Piece &piece) {
      return piece.kind == Kind::Placeholder && piece.text == arg.first;
    });
  });
}

std::optional<std::string> FilledTemplate::render() const {
  return renderPieces(pieces);
}

SmallVector<StringRef> FilledTemplate::getArgNames() const {
  return map_to_vector(args, [](const Arg &a) { return StringRef(a.first); });
}

SmallVector<Value> FilledTemplate::getArgValues() const {
  return map_to_vector(args, [](const Arg &arg) { return arg.second; });
}

FilledTemplate getMessageTemplate(StringRef role, Value text) {
  FilledTemplate result;
  result.addScaffold(("<" + role).str());
  result.append(FilledTemplate::ofText(text));
  result.addScaffold((role + ">").str());
  return result;
}

FilledTemplate getOpeningTemplate(Value system) {
  if (system)
    return getMessageTemplate("system", system);
  FilledTemplate result;
  result.addScaffold(kDefaultSystem);
  return result;
}

FilledTemplate getCallTemplate(agent::GenerateOp call) {
  FilledTemplate result;
  if (call.getSessionMutable().empty())
    result = getOpeningTemplate(call.getSystem());
  result.append(getMessageTemplate("user", call.getPrompt()));
  result.addScaffold("<assistant");
  return result;
}

} // namespace agentc
