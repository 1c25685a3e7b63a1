//===- DataOps.cpp - types and constraints of data operations -------------===//

#include "dialects/Agent/Agent.h"

using namespace mlir;
using namespace agentc::agent;

using MaybeLocation = std::optional<Location>;
using Types = SmallVectorImpl<Type>;

//===----------------------------------------------------------------------===//
// Result types
//===----------------------------------------------------------------------===//

LogicalResult GetFieldOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
                                           Adaptor adaptor, Types &types) {
  // agent_get_field_c1
  auto record = dyn_cast<RecordType>(adaptor.getRecord().getType());
  Type type = record ? record.getFieldType(adaptor.getField()) : Type();
  if (!type)
    return emitOptionalError(loc, "'agent.get_field' op has no field \"",
                             adaptor.getField(), "\" to read in ",
                             adaptor.getRecord().getType());
  types.push_back(type);
  return success();
}

LogicalResult GetItemOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
                                          Adaptor adaptor, Types &types) {
  Type element = getElementType(adaptor.getList().getType());
  if (!element)
    return emitOptionalError(loc, "'agent.get_item' op operand is ",
                             adaptor.getList().getType(),
                             ", expected a list or docs");
  types.push_back(element);
  return success();
}

LogicalResult FlattenOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
                                          Adaptor adaptor, Types &types) {
  // agent_flatten_c1
  Type element = getElementType(adaptor.getList().getType());
  if (!isa_and_nonnull<ListType, DocsType>(element))
    return emitOptionalError(loc, "'agent.flatten' op operand is ",
                             adaptor.getList().getType(),
                             ", expected a list of lists or of docs");
  types.push_back(element);
  return success();
}

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  // agent_constant_c1
  if (!isConstantOf(getValue(), getType()))
    return emitOpError("has value ")
           << getValue() << ", which is no " << getType()
           << "; expected a string for text, true or false, an i64, an f64, "
              "an array for a list, a dictionary for a record";
  return success();
}

LogicalResult MakeRecordOp::verify() {
  // agent_make_record_c1
  if (getFields().getTypes() != TypeRange(getType().getFieldTypes()))
    return emitOpError("is given (")
           << getFields().getTypes() << "), but the fields of " << getType()
           << " are (" << getType().getFieldTypes() << ")";
  return success();
}

LogicalResult MakeListOp::verify() {
  // agent_make_list_c1
  Type element = getElementType(getType());
  for (Type type : getItems().getTypes())
    if (type != element)
      return emitOpError("is given an item of ")
             << type << ", expected " << element;
  return success();
}

LogicalResult CompareOp::verify() {
  Type type = getLhs().getType();
  ComparePredicate predicate = getPredicate();
  StringRef name = stringifyComparePredicate(predicate);
  // agent_compare_c1
  if (predicate == ComparePredicate::Contains && !isa<TextType>(type))
    return emitOpError("tests contains on ") << type << ", expected text";
  // agent_compare_c2
  bool isEquality =
      predicate == ComparePredicate::EQ || predicate == ComparePredicate::NE;
  bool isOrdered =
      isa<TextType>(type) || type.isF64() || type.isSignlessInteger(64);
  if (!isEquality && !isOrdered)
    return emitOpError("orders by ")
           << name << " on " << type << ", expected text, i64 or f64";
  // agent_compare_c3
  if (!isPrintableType(type))
    return emitOpError("compares ") << type << ", expected a printable value";
  return success();
}
