//===- Template.cpp - Pieces of a tokenize template -----------------------===//

#include "dialects/Stage/Template.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace agentc::stage;
using Kind = TemplatePiece::Kind;

// A name in braces is a placeholder, a role with an angle bracket a scaffold.
static bool isIdentifier(llvm::StringRef name) {
  if (name.empty() || llvm::isDigit(name.front()))
    return false;
  return llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

static bool isScaffold(llvm::StringRef marker) {
  if (marker == "<default>")
    return true;
  llvm::StringRef role = marker;
  if (!role.consume_front("<") && !role.consume_back(">"))
    return false;
  return llvm::StringSwitch<bool>(role)
      .Cases({"system", "user", "assistant", "tool"}, true)
      .Default(false);
}

namespace {
/// Collects pieces from left to right; `literal` is the run not yet ended.
class PieceList {
public:
  void append(char c) { literal += c; }

  // Ends the run. Its trailing spaces stay with it at the end of the template
  // and before a scaffold, else they go to the piece that follows.
  unsigned endLiteral(bool spacesStay) {
    std::string text = std::move(literal);
    literal.clear();
    llvm::StringRef kept(text);
    if (!spacesStay)
      kept = kept.rtrim(' ');
    if (!kept.empty())
      pieces.push_back({Kind::Literal, kept.str(), 0});
    return text.size() - kept.size();
  }

  void addMarker(llvm::StringRef marker) {
    if (marker == "|") {
      literal = std::string(endLiteral(/*spacesStay=*/false), ' ');
      return;
    }
    bool scaffold = isScaffold(marker);
    unsigned spaces = endLiteral(/*spacesStay=*/scaffold);
    pieces.push_back({scaffold ? Kind::Scaffold : Kind::Placeholder,
                      marker.str(), spaces});
  }

  llvm::SmallVector<TemplatePiece> take() {
    endLiteral(/*spacesStay=*/true);
    return std::move(pieces);
  }

private:
  llvm::SmallVector<TemplatePiece> pieces;
  std::string literal;
};
} // namespace

mlir::FailureOr<llvm::SmallVector<TemplatePiece>>
agentc::stage::parseTemplate(llvm::StringRef text, std::string &error) {
  PieceList list;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c != '{' && c != '}') {
      list.append(c);
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == c) { // {{ or }}
      list.append(c);
      ++i;
      continue;
    }
    if (c == '}') {
      error = "has a single '}' at " + std::to_string(i) + "; write '}}'";
      return mlir::failure();
    }
    size_t end = text.find('}', i);
    if (end == llvm::StringRef::npos) {
      error = "has an open '{' at " + std::to_string(i) + "; write '{{'";
      return mlir::failure();
    }
    llvm::StringRef marker = text.slice(i + 1, end);
    if (marker != "|" && !isScaffold(marker) && !isIdentifier(marker)) {
      error = "has '{" + marker.str() + "}', which is no name, no '{|}' and no "
              "scaffold of system, user, assistant or tool";
      return mlir::failure();
    }
    list.addMarker(marker);
    i = end;
  }
  return list.take();
}

std::string
agentc::stage::formatTemplate(llvm::ArrayRef<TemplatePiece> pieces) {
  std::string text;
  bool afterLiteral = false;
  for (const TemplatePiece &piece : pieces) {
    if (piece.kind != Kind::Literal) {
      text += std::string(piece.spaces, ' ') + "{" + piece.text + "}";
      afterLiteral = false;
      continue;
    }
    if (afterLiteral)
      text += "{|}";
    for (char c : piece.text)
      text += c == '{' ? "{{" : c == '}' ? "}}" : std::string(1, c);
    afterLiteral = true;
  }
  return text;
}
