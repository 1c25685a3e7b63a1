//===- AgentAttrs.cpp - attributes of the agent dialect -------------------===//

#include "dialects/Agent/Agent.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace agentc::agent;

#include "dialects/Agent/AgentEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Agent/AgentAttrs.cpp.inc"

void AgentDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Agent/AgentAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// dist
//===----------------------------------------------------------------------===//

static ParseResult parseNumbers(AsmParser &parser, DenseF64ArrayAttr &numbers) {
  SmallVector<double> values;
  auto one = [&]() -> ParseResult {
    return parser.parseFloat(values.emplace_back());
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, one))
    return failure();
  numbers = DenseF64ArrayAttr::get(parser.getContext(), values);
  return success();
}

static void printNumbers(AsmPrinter &printer, DenseF64ArrayAttr numbers) {
  printer << "[";
  llvm::interleaveComma(numbers.asArrayRef(), printer, [&](double value) {
    printer.printFloat(APFloat(value));
  });
  printer << "]";
}

template <typename Enum>
static ParseResult parseEnum(AsmParser &parser, Enum &value, StringRef what,
                             std::optional<Enum> (*symbolize)(StringRef)) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef keyword;
  if (parser.parseKeyword(&keyword))
    return failure();
  std::optional<Enum> known = symbolize(keyword);
  if (!known)
    return parser.emitError(loc)
           << "unknown " << what << " '" << keyword << "'";
  value = *known;
  return success();
}

/// `<kind [values] (weights [weights])? provenance>`
Attribute DistAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  DistKind kind;
  DenseF64ArrayAttr values, weights;
  Provenance provenance;
  if (parser.parseLess() ||
      parseEnum<DistKind>(parser, kind, "distribution", symbolizeDistKind) ||
      parseNumbers(parser, values))
    return {};
  if (succeeded(parser.parseOptionalKeyword("weights")) &&
      parseNumbers(parser, weights))
    return {};
  if (parseEnum<Provenance>(parser, provenance, "provenance",
                            symbolizeProvenance) ||
      parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    kind, values, weights, provenance);
}

void DistAttr::print(AsmPrinter &printer) const {
  printer << "<" << stringifyDistKind(getKind()) << " ";
  printNumbers(printer, getValues());
  if (getWeights()) {
    printer << " weights ";
    printNumbers(printer, getWeights());
  }
  printer << " " << stringifyProvenance(getProvenance()) << ">";
}

//===----------------------------------------------------------------------===//
// sla, budget
//===----------------------------------------------------------------------===//

/// Parses `<key = number, ...>`, each key of `keys` at most once, into the
/// element of `values` at the key's place.
static ParseResult parseQuantities(AsmParser &parser, ArrayRef<StringRef> keys,
                                   MutableArrayRef<Attribute> values,
                                   function_ref<Type(StringRef)> typeOf) {
  auto one = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef key;
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return failure();
    const StringRef *found = llvm::find(keys, key);
    if (found == keys.end())
      return parser.emitError(loc) << "unknown key '" << key << "'";
    Attribute &value = values[found - keys.begin()];
    if (value)
      return parser.emitError(loc) << "'" << key << "' is given twice";
    Type type = typeOf(key);
    if (type.isF64()) {
      double number;
      if (parser.parseFloat(number))
        return failure();
      value = FloatAttr::get(type, number);
      return success();
    }
    int64_t number;
    if (parser.parseInteger(number))
      return failure();
    value = IntegerAttr::get(type, number);
    return success();
  };
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, one);
}

static void printQuantities(AsmPrinter &printer, ArrayRef<StringRef> keys,
                            ArrayRef<Attribute> values) {
  bool first = true;
  printer << "<";
  for (auto [key, value] : llvm::zip(keys, values)) {
    if (!value)
      continue;
    printer << (first ? "" : ", ") << key << " = ";
    first = false;
    if (auto number = dyn_cast<FloatAttr>(value))
      printer.printFloat(number.getValue());
    else
      printer << cast<IntegerAttr>(value).getInt();
  }
  printer << ">";
}

static const StringRef slaKeys[] = {"p50_s", "p95_s", "p99_s", "ttft_p95_s",
                                    "availability"};
static const StringRef budgetKeys[] = {"usd", "tokens", "wall_s"};

Attribute SlaAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute v[5];
  Type f64 = Float64Type::get(parser.getContext());
  if (parseQuantities(parser, slaKeys, v, [&](StringRef) { return f64; }))
    return {};
  auto at = [&](int i) { return dyn_cast_or_null<FloatAttr>(v[i]); };
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    at(0), at(1), at(2), at(3), at(4));
}

void SlaAttr::print(AsmPrinter &printer) const {
  printQuantities(printer, slaKeys,
                  {getP50S(), getP95S(), getP99S(), getTtftP95S(),
                   getAvailability()});
}

using EmitError = function_ref<InFlightDiagnostic()>;

/// Reports the first number that is there and not above 0.
static LogicalResult verifyPositive(EmitError emitError, StringRef what,
                                    ArrayRef<StringRef> keys,
                                    ArrayRef<FloatAttr> values) {
  for (auto [key, value] : llvm::zip(keys, values))
    if (value && !(value.getValueAsDouble() > 0 && value.getValue().isFinite()))
      return emitError() << what << " has " << key << " = "
                         << value.getValueAsDouble()
                         << ", expected a finite number > 0";
  return success();
}

LogicalResult SlaAttr::verify(EmitError emitError, FloatAttr p50, FloatAttr p95,
                              FloatAttr p99, FloatAttr ttft,
                              FloatAttr availability) {
  FloatAttr seconds[] = {p50, p95, p99, ttft};
  // agent_sla_attr_c1
  if (!availability && llvm::none_of(seconds, [](FloatAttr a) { return !!a; }))
    return emitError() << "sla is empty; give one of p50_s, p95_s, p99_s, "
                          "ttft_p95_s, availability";
  // agent_sla_attr_c2
  if (failed(verifyPositive(emitError, "sla", ArrayRef(slaKeys).take_front(4),
                            seconds)))
    return failure();
  // agent_sla_attr_c3
  FloatAttr below;
  for (FloatAttr bound : {p50, p95, p99}) {
    if (bound && below && bound.getValueAsDouble() < below.getValueAsDouble())
      return emitError() << "sla allows " << bound.getValueAsDouble()
                         << " s at a higher percentile than "
                         << below.getValueAsDouble()
                         << " s, expected p50_s <= p95_s <= p99_s";
    below = bound ? bound : below;
  }
  // agent_sla_attr_c4
  if (availability && !(availability.getValueAsDouble() > 0 &&
                        availability.getValueAsDouble() < 1))
    return emitError() << "sla has availability = "
                       << availability.getValueAsDouble()
                       << ", expected a share between 0 and 1, both excluded";
  return success();
}

Attribute BudgetAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  Attribute v[3];
  MLIRContext *context = parser.getContext();
  auto typeOf = [&](StringRef key) -> Type {
    if (key == "tokens")
      return IntegerType::get(context, 64);
    return Float64Type::get(context);
  };
  if (parseQuantities(parser, budgetKeys, v, typeOf))
    return {};
  return getChecked([&] { return parser.emitError(loc); }, context,
                    dyn_cast_or_null<FloatAttr>(v[0]),
                    dyn_cast_or_null<IntegerAttr>(v[1]),
                    dyn_cast_or_null<FloatAttr>(v[2]));
}

void BudgetAttr::print(AsmPrinter &printer) const {
  printQuantities(printer, budgetKeys, {getUsd(), getTokens(), getWallS()});
}

LogicalResult BudgetAttr::verify(EmitError emitError, FloatAttr usd,
                                 IntegerAttr tokens, FloatAttr wall) {
  // agent_budget_attr_c1
  if (!usd && !tokens && !wall)
    return emitError() << "budget is empty; give one of usd, tokens, wall_s";
  // agent_budget_attr_c2
  if (tokens && tokens.getInt() < 1)
    return emitError() << "budget has tokens = " << tokens.getInt()
                       << ", expected at least 1";
  return verifyPositive(emitError, "budget", {"usd", "wall_s"}, {usd, wall});
}
