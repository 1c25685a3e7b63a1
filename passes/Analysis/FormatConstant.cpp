//===- FormatConstant.cpp - A constant as prompt text ---------------------===//

#include "passes/Analysis/FormatConstant.h"
#include "dialects/Agent/Agent.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <charconv>
#include <cmath>

using namespace llvm;
using namespace mlir;

namespace agentc {

// Puts the point behind `pointAt` digits, with zeros where digits are missing.
static std::string fixedPoint(StringRef digits, int pointAt) {
  if (pointAt <= 0)
    return "0." + std::string(-pointAt, '0') + digits.str();
  if (pointAt >= int(digits.size()))
    return digits.str() + std::string(pointAt - digits.size(), '0') + ".0";
  return (digits.take_front(pointAt) + "." + digits.drop_front(pointAt)).str();
}

std::string formatDouble(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value < 0 ? "-inf" : "inf";
  // Shortest round trip as d.ddde+xx; digits and exponent are then laid out.
  char buffer[32];
  auto [end, code] = std::to_chars(buffer, buffer + sizeof(buffer), value,
                                   std::chars_format::scientific);
  StringRef text(buffer, end - buffer);
  std::string sign = text.consume_front("-") ? "-" : "";
  auto [mantissa, exponentText] = text.split('e');
  exponentText.consume_front("+");
  int exponent = 0;
  exponentText.getAsInteger(10, exponent);
  std::string digits = mantissa.str();
  erase(digits, '.');
  if (exponent >= -4 && exponent < 16)
    return sign + fixedPoint(digits, exponent + 1);
  std::string point =
      digits.size() > 1 ? digits.substr(0, 1) + "." + digits.substr(1) : digits;
  std::string power = std::to_string(std::abs(exponent));
  if (power.size() < 2)
    power.insert(0, "0");
  return sign + point + (exponent < 0 ? "e-" : "e+") + power;
}

static void appendJsonString(std::string &out, StringRef text) {
  out += '"';
  for (unsigned char c : text) {
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    default:
      if (c < 0x20)
        out += "\\u00" + utohexstr(c, /*LowerCase=*/true, /*Width=*/2);
      else
        out += c;
    }
  }
  out += '"';
}

static bool appendJson(std::string &out, Attribute value, Type type);

// Appends each item with `append`, separated by commas.
template <typename Range, typename Append>
static bool appendJoined(std::string &out, Range items, Append append) {
  bool first = true;
  for (auto item : items) {
    if (!first)
      out += ',';
    first = false;
    if (!append(item))
      return false;
  }
  return true;
}

static bool appendRecord(std::string &out, DictionaryAttr fields,
                         agent::RecordType type) {
  out += '{';
  bool ok = appendJoined(
      out, zip(type.getFieldNames(), type.getFieldTypes()), [&](auto field) {
        auto [name, fieldType] = field;
        appendJsonString(out, name);
        out += ':';
        Attribute value = fields.get(name);
        return value && appendJson(out, value, fieldType);
      });
  out += '}';
  return ok;
}

// Compact JSON in the order of the type's fields.
static bool appendJson(std::string &out, Attribute value, Type type) {
  if (auto list = dyn_cast<agent::ListType>(type)) {
    auto items = dyn_cast<ArrayAttr>(value);
    if (!items)
      return false;
    out += '[';
    bool ok = appendJoined(out, items, [&](Attribute item) {
      return appendJson(out, item, list.getElementType());
    });
    out += ']';
    return ok;
  }
  if (auto record = dyn_cast<agent::RecordType>(type)) {
    auto fields = dyn_cast<DictionaryAttr>(value);
    return fields && appendRecord(out, fields, record);
  }
  // JSON has no text for infinities and NaN.
  auto number = dyn_cast<FloatAttr>(value);
  std::optional<std::string> text = formatConstant(value, type);
  if (!text || (number && !number.getValue().isFinite()))
    return false;
  if (isa<agent::TextType>(type))
    appendJsonString(out, *text);
  else
    out += *text;
  return true;
}

static std::optional<std::string> formatList(ArrayAttr items, Type element) {
  std::string out;
  bool first = true;
  for (Attribute item : items) {
    std::optional<std::string> text = formatConstant(item, element);
    if (!text)
      return std::nullopt;
    out += first ? "" : "\n";
    out += *text;
    first = false;
  }
  return out;
}

// Passages by rank: "[1] (source) text", a line each.
static std::optional<std::string> formatDocs(ArrayAttr passages) {
  std::string out;
  for (auto [i, passage] : enumerate(passages)) {
    auto fields = dyn_cast<DictionaryAttr>(passage);
    if (!fields)
      return std::nullopt;
    auto source = fields.getAs<StringAttr>("source");
    auto text = fields.getAs<StringAttr>("text");
    if (!source || !text)
      return std::nullopt;
    out += i ? "\n[" : "[";
    out += std::to_string(i + 1) + "] (" + source.str() + ") " + text.str();
  }
  return out;
}

std::optional<std::string> formatConstant(Attribute value, Type type) {
  using Text = std::optional<std::string>;
  if (isa<agent::DocsType>(type)) {
    auto passages = dyn_cast<ArrayAttr>(value);
    return passages ? formatDocs(passages) : Text();
  }
  if (auto list = dyn_cast<agent::ListType>(type)) {
    auto items = dyn_cast<ArrayAttr>(value);
    return items ? formatList(items, list.getElementType()) : Text();
  }
  if (auto record = dyn_cast<agent::RecordType>(type)) {
    std::string out;
    auto fields = dyn_cast<DictionaryAttr>(value);
    return fields && appendRecord(out, fields, record) ? Text(out) : Text();
  }
  return llvm::TypeSwitch<Attribute, Text>(value)
      .Case([](BoolAttr flag) { return flag.getValue() ? "true" : "false"; })
      .Case([](StringAttr text) { return text.str(); })
      .Case([](IntegerAttr i) { return std::to_string(i.getInt()); })
      .Case([](FloatAttr f) { return formatDouble(f.getValueAsDouble()); })
      .Default(Text());
}

} // namespace agentc
