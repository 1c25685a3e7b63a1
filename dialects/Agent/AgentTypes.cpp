//===- AgentTypes.cpp - types of the agent dialect ------------------------===//

#include "dialects/Agent/Agent.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace agentc::agent;

#define GET_TYPEDEF_CLASSES
#include "dialects/Agent/AgentTypes.cpp.inc"

void AgentDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Agent/AgentTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Families of types
//===----------------------------------------------------------------------===//

static bool isScalar(Type type) {
  return type.isSignlessInteger(1) || type.isSignlessInteger(64) ||
         type.isF64();
}

bool agentc::agent::isValueType(Type type) {
  // The stage dialect's types flow through control flow in place of sessions.
  if (type.getDialect().getNamespace() == "stage")
    return true;
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.getElementType().isF32() ||
           tensor.getElementType().isSignlessInteger(64);
  return isScalar(type) || isa<TextType, DocsType, SessionType, ListType,
                               EmbeddingType, RecordType>(type);
}

bool agentc::agent::isPrintableType(Type type) {
  if (auto list = dyn_cast<ListType>(type))
    return isPrintableType(list.getElementType());
  if (auto record = dyn_cast<RecordType>(type))
    return llvm::all_of(record.getFieldTypes(), isPrintableType);
  return isScalar(type) || isa<TextType, DocsType>(type);
}

Type agentc::agent::getElementType(Type listOrDocs) {
  if (auto docs = dyn_cast<DocsType>(listOrDocs))
    return docs.getPassageType();
  if (auto list = dyn_cast<ListType>(listOrDocs))
    return list.getElementType();
  return {};
}

static bool isConstantRecord(DictionaryAttr fields, RecordType type) {
  if (!fields || fields.size() != type.getFieldNames().size())
    return false;
  return llvm::all_of_zip(
      type.getFieldNames(), type.getFieldTypes(), [&](StringAttr name, Type t) {
        Attribute field = fields.get(name);
        return field && isConstantOf(field, t);
      });
}

bool agentc::agent::isConstantOf(Attribute value, Type type) {
  if (auto record = dyn_cast<RecordType>(type))
    return isConstantRecord(dyn_cast<DictionaryAttr>(value), record);
  if (Type element = getElementType(type)) {
    auto array = dyn_cast<ArrayAttr>(value);
    return array && llvm::all_of(array, [&](Attribute item) {
             return isConstantOf(item, element);
           });
  }
  if (isa<TextType>(type))
    return isa<StringAttr>(value);
  auto typed = dyn_cast<TypedAttr>(value);
  return isScalar(type) && typed && typed.getType() == type;
}

//===----------------------------------------------------------------------===//
// list, docs, embedding
//===----------------------------------------------------------------------===//

LogicalResult ListType::verify(function_ref<InFlightDiagnostic()> emitError,
                               Type elementType) {
  // agent_list_type_c1
  if (!isValueType(elementType))
    return emitError() << "element type " << elementType
                       << " of a list is not an agent value type; use text, "
                          "i1, i64, f64, a record, docs, an embedding or a "
                          "list";
  return success();
}

LogicalResult
EmbeddingType::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t dim) {
  // agent_embedding_type_c1
  if (dim < 1)
    return emitError() << "embedding dimension is " << dim
                       << ", expected at least 1";
  return success();
}

RecordType DocsType::getPassageType() const {
  MLIRContext *context = getContext();
  Type text = TextType::get(context);
  auto name = [&](StringRef s) { return StringAttr::get(context, s); };
  return RecordType::get(
      context, "Passage",
      {name("id"), name("source"), name("text"), name("score")},
      {text, text, text, Float64Type::get(context)});
}

//===----------------------------------------------------------------------===//
// record
//===----------------------------------------------------------------------===//

Type RecordType::getFieldType(StringRef field) const {
  for (auto [name, type] : llvm::zip(getFieldNames(), getFieldTypes()))
    if (name == field)
      return type;
  return {};
}

RecordType RecordType::getError(MLIRContext *context) {
  Type text = TextType::get(context);
  return RecordType::get(context, "Error",
                         {StringAttr::get(context, "kind"),
                          StringAttr::get(context, "message")},
                         {text, text});
}

LogicalResult RecordType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef name, ArrayRef<StringAttr> names,
                                 ArrayRef<Type> types) {
  // agent_record_type_c1
  if (name.empty())
    return emitError() << "a record has no name, expected a non-empty string";
  if (names.size() != types.size())
    return emitError() << "record \"" << name << "\" has " << names.size()
                       << " field names and " << types.size()
                       << " field types, expected as many";
  llvm::StringSet<> seen;
  for (auto [field, type] : llvm::zip(names, types)) {
    // agent_record_type_c2
    if (field.empty() || !seen.insert(field).second)
      return emitError() << "record \"" << name << "\" has the field \""
                         << field.getValue()
                         << "\", expected names that are not empty and differ";
    // agent_record_type_c3
    if (!isValueType(type))
      return emitError() << "field \"" << field.getValue() << "\" of record \""
                         << name << "\" has type " << type
                         << ", expected an agent value type";
  }
  return success();
}

/// `<"Name", field: type, ...>`
Type RecordType::parse(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  std::string name;
  SmallVector<StringAttr> names;
  SmallVector<Type> types;
  if (parser.parseLess() || parser.parseString(&name))
    return {};
  while (succeeded(parser.parseOptionalComma())) {
    std::string field;
    Type type;
    if (parser.parseKeywordOrString(&field) || parser.parseColonType(type))
      return {};
    names.push_back(StringAttr::get(parser.getContext(), field));
    types.push_back(type);
  }
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    name, names, types);
}

void RecordType::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getName());
  for (auto [name, type] : llvm::zip(getFieldNames(), getFieldTypes())) {
    printer << ", ";
    printer.printKeywordOrString(name);
    printer << ": " << type;
  }
  printer << ">";
}
