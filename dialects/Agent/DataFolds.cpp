//===- DataFolds.cpp - data operations on constants -----------------------===//
//
// Only constants are folded here. Putting one value for another can change the
// pieces of a prompt; see Pieces.h.
//
//===----------------------------------------------------------------------===//

#include "dialects/Agent/Agent.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace agentc::agent;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

//===----------------------------------------------------------------------===//
// Records and lists
//===----------------------------------------------------------------------===//

static bool allConstant(ArrayRef<Attribute> operands) {
  return llvm::all_of(operands, [](Attribute a) { return !!a; });
}

OpFoldResult GetFieldOp::fold(FoldAdaptor adaptor) {
  auto record = dyn_cast_or_null<DictionaryAttr>(adaptor.getRecord());
  return record ? record.get(getField()) : Attribute();
}

OpFoldResult MakeRecordOp::fold(FoldAdaptor adaptor) {
  if (!allConstant(adaptor.getFields()))
    return {};
  SmallVector<NamedAttribute> fields;
  for (auto [name, value] :
       llvm::zip(getType().getFieldNames(), adaptor.getFields()))
    fields.emplace_back(name, value);
  return DictionaryAttr::get(getContext(), fields);
}

OpFoldResult MakeListOp::fold(FoldAdaptor adaptor) {
  // Values without a constant form stay, even when the list is empty.
  auto list = ArrayAttr();
  if (allConstant(adaptor.getItems()))
    list = ArrayAttr::get(getContext(), adaptor.getItems());
  return list && isConstantOf(list, getType()) ? list : ArrayAttr();
}

OpFoldResult GetItemOp::fold(FoldAdaptor adaptor) {
  auto list = dyn_cast_or_null<ArrayAttr>(adaptor.getList());
  auto index = dyn_cast_or_null<IntegerAttr>(adaptor.getIndex());
  if (!list || !index || index.getValue().uge(list.size()))
    return {};
  return list[index.getInt()];
}

/// The number of code points in UTF-8 text.
static int64_t countCharacters(StringRef text) {
  return llvm::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

OpFoldResult LengthOp::fold(FoldAdaptor adaptor) {
  auto count = [&](int64_t n) {
    return IntegerAttr::get(IntegerType::get(getContext(), 64), n);
  };
  if (auto made = getValue().getDefiningOp<MakeListOp>())
    return count(made.getItems().size());
  if (auto text = dyn_cast_or_null<StringAttr>(adaptor.getValue()))
    return count(countCharacters(text));
  if (auto list = dyn_cast_or_null<ArrayAttr>(adaptor.getValue()))
    return count(list.size());
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (!allConstant(adaptor.getParts()))
    return {};
  if (isa<TextType>(getType())) {
    std::string text;
    for (Attribute part : adaptor.getParts())
      text += cast<StringAttr>(part).getValue();
    return StringAttr::get(getContext(), text);
  }
  SmallVector<Attribute> items;
  for (Attribute part : adaptor.getParts())
    llvm::append_range(items, cast<ArrayAttr>(part));
  return ArrayAttr::get(getContext(), items);
}

OpFoldResult FlattenOp::fold(FoldAdaptor adaptor) {
  auto list = dyn_cast_or_null<ArrayAttr>(adaptor.getList());
  if (!list)
    return {};
  SmallVector<Attribute> items;
  for (auto inner : list.getAsRange<ArrayAttr>())
    llvm::append_range(items, inner);
  return ArrayAttr::get(getContext(), items);
}

//===----------------------------------------------------------------------===//
// compare, and, or, not
//===----------------------------------------------------------------------===//

template <typename T>
static bool holds(ComparePredicate predicate, const T &a, const T &b) {
  switch (predicate) {
  case ComparePredicate::EQ:
    return a == b;
  case ComparePredicate::NE:
    return a != b;
  case ComparePredicate::LT:
    return a < b;
  case ComparePredicate::LE:
    return a <= b;
  case ComparePredicate::GT:
    return a > b;
  case ComparePredicate::GE:
    return a >= b;
  case ComparePredicate::Contains:
    break;
  }
  llvm_unreachable("contains is for text only");
}

OpFoldResult CompareOp::fold(FoldAdaptor adaptor) {
  auto answer = [&](bool value) { return BoolAttr::get(getContext(), value); };
  Attribute a = adaptor.getLhs(), b = adaptor.getRhs();
  if (!a || !b)
    return {};
  if (auto lhs = dyn_cast<StringAttr>(a)) {
    // The order of UTF-8 bytes is that of code points.
    StringRef rhs = cast<StringAttr>(b).getValue();
    if (getPredicate() == ComparePredicate::Contains)
      return answer(lhs.getValue().contains(rhs));
    return answer(holds(getPredicate(), lhs.getValue(), rhs));
  }
  if (auto lhs = dyn_cast<FloatAttr>(a))
    return answer(holds(getPredicate(), lhs.getValueAsDouble(),
                        cast<FloatAttr>(b).getValueAsDouble()));
  if (auto lhs = dyn_cast<IntegerAttr>(a))
    return answer(holds(getPredicate(), lhs.getValue().getSExtValue(),
                        cast<IntegerAttr>(b).getValue().getSExtValue()));
  return {};
}

/// `absorbing` and `x` is `absorbing`; its opposite and `x` is `x`.
static OpFoldResult foldLogic(Value lhs, Value rhs, Attribute a, Attribute b,
                              bool absorbing) {
  if (lhs == rhs)
    return lhs;
  for (auto [constant, other] : {std::pair(a, rhs), std::pair(b, lhs)})
    if (auto value = dyn_cast_or_null<BoolAttr>(constant))
      return value.getValue() == absorbing ? OpFoldResult(value)
                                           : OpFoldResult(other);
  return {};
}

OpFoldResult AndOp::fold(FoldAdaptor adaptor) {
  return foldLogic(getLhs(), getRhs(), adaptor.getLhs(), adaptor.getRhs(),
                   false);
}

OpFoldResult OrOp::fold(FoldAdaptor adaptor) {
  return foldLogic(getLhs(), getRhs(), adaptor.getLhs(), adaptor.getRhs(),
                   true);
}

OpFoldResult NotOp::fold(FoldAdaptor adaptor) {
  if (auto inner = getOperand().getDefiningOp<NotOp>())
    return inner.getOperand();
  if (auto value = dyn_cast_or_null<BoolAttr>(adaptor.getOperand()))
    return BoolAttr::get(getContext(), !value.getValue());
  return {};
}

//===----------------------------------------------------------------------===//
// binary
//===----------------------------------------------------------------------===//

/// The result, or nothing where the operation throws. Division rounds down and
/// the remainder has the sign of the divisor.
static std::optional<int64_t> calculate(BinaryKind kind, int64_t a, int64_t b) {
  int64_t result;
  bool divides = kind == BinaryKind::Div || kind == BinaryKind::Mod;
  if (divides && (b == 0 || (a == INT64_MIN && b == -1)))
    return std::nullopt;
  bool rounds = divides && a % b != 0 && (a < 0) != (b < 0);
  switch (kind) {
  case BinaryKind::Add:
    return llvm::AddOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case BinaryKind::Sub:
    return llvm::SubOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case BinaryKind::Mul:
    return llvm::MulOverflow(a, b, result) ? std::nullopt
                                           : std::optional(result);
  case BinaryKind::Div:
    return a / b - rounds;
  case BinaryKind::Mod:
    return a % b + (rounds ? b : 0);
  }
  llvm_unreachable("all kinds are listed");
}

static std::optional<double> calculate(BinaryKind kind, double a, double b) {
  bool divides = kind == BinaryKind::Div || kind == BinaryKind::Mod;
  if (divides && b == 0)
    return std::nullopt;
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return a / b;
  case BinaryKind::Mod: {
    double rest = std::fmod(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
  }
  llvm_unreachable("all kinds are listed");
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  Attribute a = adaptor.getLhs(), b = adaptor.getRhs();
  if (!a || !b)
    return {};
  if (auto lhs = dyn_cast<IntegerAttr>(a)) {
    auto result =
        calculate(getKind(), lhs.getInt(), cast<IntegerAttr>(b).getInt());
    return result ? IntegerAttr::get(getType(), *result) : IntegerAttr();
  }
  auto result =
      calculate(getKind(), cast<FloatAttr>(a).getValueAsDouble(),
                cast<FloatAttr>(b).getValueAsDouble());
  return result ? FloatAttr::get(getType(), *result) : FloatAttr();
}
