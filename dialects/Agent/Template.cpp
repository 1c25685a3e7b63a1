//===- Template.cpp - prompt templates ------------------------------------===//

#include "dialects/Agent/Template.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace agentc::agent;

using Kind = TemplateItem::Kind;

static bool isName(StringRef text) {
  if (text.empty() || llvm::isDigit(text.front()))
    return false;
  return llvm::all_of(text,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// `<role` opens and `role>` closes the model's frame of a message.
static bool isScaffold(StringRef text) {
  if (!text.consume_front("<") && !text.consume_back(">"))
    return false;
  return llvm::StringSwitch<bool>(text)
      .Cases({"system", "user", "assistant", "tool"}, true)
      .Default(false);
}

static void addLiteral(TemplateItems &items, StringRef text) {
  if (text.empty())
    return;
  if (items.empty() || items.back().kind != Kind::Literal)
    items.push_back({Kind::Literal, ""});
  items.back().text += text;
}

/// Adds what stands between two single braces; false when it is nothing known.
static bool addBraced(TemplateItems &items, StringRef inner,
                      bool allowScaffold) {
  if (inner == "|")
    items.push_back({Kind::Cut, "|"});
  else if (isName(inner))
    items.push_back({Kind::Placeholder, inner.str()});
  else if (allowScaffold && isScaffold(inner))
    items.push_back({Kind::Scaffold, inner.str()});
  else
    return false;
  return true;
}

FailureOr<TemplateItems>
agentc::agent::parseTemplate(StringRef text, bool allowScaffold,
                             function_ref<InFlightDiagnostic()> emitError) {
  TemplateItems items;
  const size_t size = text.size();
  while (!text.empty()) {
    size_t brace = text.find_first_of("{}");
    addLiteral(items, text.take_front(brace));
    text = text.drop_front(std::min(brace, text.size()));
    if (text.empty())
      break;
    if (text.starts_with("{{") || text.starts_with("}}")) {
      addLiteral(items, text.take_front(1));
      text = text.drop_front(2);
      continue;
    }
    size_t close = text.find('}');
    if (text.front() == '}' || close == StringRef::npos)
      return emitError() << "template has a lone '" << text.take_front(1)
                         << "' at byte " << size - text.size()
                         << "; write it twice to mean the character";
    StringRef inner = text.slice(1, close);
    if (!addBraced(items, inner, allowScaffold))
      return emitError() << "template has {" << inner << "} at byte "
                         << size - text.size()
                         << ", expected {name} or {|}; write '{{' and '}}' "
                            "for braces in the text";
    text = text.drop_front(close + 1);
  }
  return items;
}

TemplateItems agentc::agent::parseVerifiedTemplate(StringRef text) {
  auto unreachable = []() -> InFlightDiagnostic {
    llvm_unreachable("the template was verified");
  };
  return *parseTemplate(text, /*allowScaffold=*/true, unreachable);
}

std::string agentc::agent::printTemplate(ArrayRef<TemplateItem> items) {
  std::string text;
  for (const TemplateItem &item : items) {
    if (item.kind != Kind::Literal) {
      text += "{" + item.text + "}";
      continue;
    }
    for (char c : item.text)
      text.append(c == '{' || c == '}' ? 2 : 1, c);
  }
  return text;
}
