//===- Assembly.cpp - the parts of the assembly that ODS cannot say -------===//

#include "dialects/Agent/Assembly.h"

#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace agentc::agent;

using Operands = SmallVectorImpl<OpAsmParser::UnresolvedOperand>;

//===----------------------------------------------------------------------===//
// `(name = %value : type, ...)`
//===----------------------------------------------------------------------===//

ParseResult agentc::agent::parseNamedOperands(OpAsmParser &parser,
                                              ArrayAttr &names,
                                              Operands &operands,
                                              SmallVectorImpl<Type> &types) {
  SmallVector<Attribute> found;
  auto one = [&]() -> ParseResult {
    std::string name;
    if (parser.parseKeywordOrString(&name) || parser.parseEqual() ||
        parser.parseOperand(operands.emplace_back()) ||
        parser.parseColonType(types.emplace_back()))
      return failure();
    found.push_back(StringAttr::get(parser.getContext(), name));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, one))
    return failure();
  names = ArrayAttr::get(parser.getContext(), found);
  return success();
}

void agentc::agent::printNamedOperands(OpAsmPrinter &printer, Operation *,
                                       ArrayAttr names, OperandRange operands,
                                       TypeRange) {
  printer << "(";
  llvm::interleaveComma(
      llvm::zip(names.getAsRange<StringAttr>(), operands), printer,
      [&](auto pair) {
        auto [name, operand] = pair;
        printer.printKeywordOrString(name);
        printer << " = " << operand << " : " << operand.getType();
      });
  printer << ")";
}

//===----------------------------------------------------------------------===//
// Tool: `(name: type, ...) -> type`
//===----------------------------------------------------------------------===//

static ParseResult parseToolSignature(OpAsmParser &parser, ArrayAttr &names,
                                      TypeAttr &type) {
  SmallVector<Attribute> found;
  SmallVector<Type> inputs, results;
  auto one = [&]() -> ParseResult {
    std::string name;
    if (parser.parseKeywordOrString(&name) ||
        parser.parseColonType(inputs.emplace_back()))
      return failure();
    found.push_back(StringAttr::get(parser.getContext(), name));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, one) ||
      parser.parseArrowTypeList(results))
    return failure();
  names = ArrayAttr::get(parser.getContext(), found);
  type = TypeAttr::get(FunctionType::get(parser.getContext(), inputs, results));
  return success();
}

static void printToolSignature(OpAsmPrinter &printer, Operation *,
                               ArrayAttr names, TypeAttr type) {
  auto function = cast<FunctionType>(type.getValue());
  printer << "(";
  llvm::interleaveComma(
      llvm::zip(names.getAsRange<StringAttr>(), function.getInputs()), printer,
      [&](auto pair) {
        auto [name, input] = pair;
        printer.printKeywordOrString(name);
        printer << ": " << input;
      });
  printer << ")";
  printer.printArrowTypeList(function.getResults());
}

//===----------------------------------------------------------------------===//
// Constants: `3 : i64`, `true`, `"x" : !agent.text`
//===----------------------------------------------------------------------===//

static ParseResult parseConstantValue(OpAsmParser &parser, Attribute &value,
                                      Type &type) {
  if (parser.parseAttribute(value))
    return failure();
  // The string attribute reads a type behind it as its own.
  if (auto string = dyn_cast<StringAttr>(value);
      string && !isa<NoneType>(string.getType())) {
    type = string.getType();
    value = StringAttr::get(parser.getContext(), string.getValue());
    return success();
  }
  auto typed = dyn_cast<TypedAttr>(value);
  if (!typed || isa<StringAttr>(value))
    return parser.parseColonType(type);
  type = typed.getType();
  return succeeded(parser.parseOptionalColon()) ? parser.parseType(type)
                                                : ParseResult(success());
}

static void printConstantValue(OpAsmPrinter &printer, Operation *,
                               Attribute value, Type type) {
  printer << value;
  auto typed = dyn_cast<TypedAttr>(value);
  if (!typed || typed.getType() != type)
    printer << " : " << type;
}

//===----------------------------------------------------------------------===//
// Records and lists: the operands' types follow from the result's
//===----------------------------------------------------------------------===//

static ParseResult parseRecordFields(OpAsmParser &parser, Operands &operands,
                                     SmallVectorImpl<Type> &types,
                                     Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<std::string> names;
  auto one = [&]() -> ParseResult {
    if (parser.parseKeywordOrString(&names.emplace_back()) ||
        parser.parseEqual())
      return failure();
    return parser.parseOperand(operands.emplace_back());
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, one) ||
      parser.parseColonType(result))
    return failure();
  auto record = dyn_cast<RecordType>(result);
  if (!record)
    return parser.emitError(loc) << "result type is " << result
                                 << ", expected a record";
  auto same = [](StringRef name, StringAttr field) { return name == field; };
  if (names.size() != record.getFieldNames().size() ||
      !llvm::all_of_zip(names, record.getFieldNames(), same))
    return parser.emitError(loc)
           << "fields are not those of " << result
           << "; give all of them in the order of the type";
  llvm::append_range(types, record.getFieldTypes());
  return success();
}

static void printRecordFields(OpAsmPrinter &printer, Operation *,
                              OperandRange operands, TypeRange, Type result) {
  printer << "(";
  llvm::interleaveComma(
      llvm::zip(cast<RecordType>(result).getFieldNames(), operands), printer,
      [&](auto pair) {
        auto [name, operand] = pair;
        printer.printKeywordOrString(name);
        printer << " = " << operand;
      });
  printer << ") : " << result;
}

static ParseResult parseListItems(OpAsmParser &parser, Operands &operands,
                                  SmallVectorImpl<Type> &types, Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOperandList(operands, AsmParser::Delimiter::Paren) ||
      parser.parseColonType(result))
    return failure();
  Type element = getElementType(result);
  if (!element)
    return parser.emitError(loc) << "result type is " << result
                                 << ", expected a list or docs";
  types.assign(operands.size(), element);
  return success();
}

static void printListItems(OpAsmPrinter &printer, Operation *,
                           OperandRange operands, TypeRange, Type result) {
  printer << "(" << operands << ") : " << result;
}

//===----------------------------------------------------------------------===//
// agent.loop (%i, %a = %init : type, ...) max_iters(n) ... -> (types) { body }
//===----------------------------------------------------------------------===//

static ParseResult parseCarried(OpAsmParser &parser, Operands &inits,
                                SmallVectorImpl<OpAsmParser::Argument> &args,
                                SmallVectorImpl<Type> &types) {
  OpAsmParser::Argument &index = args.emplace_back();
  index.type = parser.getBuilder().getI64Type();
  if (parser.parseLParen() || parser.parseArgument(index))
    return failure();
  while (succeeded(parser.parseOptionalComma())) {
    OpAsmParser::Argument &arg = args.emplace_back();
    if (parser.parseArgument(arg) || parser.parseEqual() ||
        parser.parseOperand(inits.emplace_back()) ||
        parser.parseColonType(arg.type))
      return failure();
    types.push_back(arg.type);
  }
  return parser.parseRParen();
}

/// Parses `keyword(attribute)` into the attribute `keyword`, when it is there.
static ParseResult parseOptionalClause(OpAsmParser &parser, StringRef keyword,
                                       Type type, NamedAttrList &attributes) {
  Attribute value;
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  if (parser.parseLParen() || parser.parseAttribute(value, type) ||
      parser.parseRParen())
    return failure();
  attributes.set(keyword, value);
  return success();
}

ParseResult LoopOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand> inits;
  SmallVector<OpAsmParser::Argument> args;
  SmallVector<Type> types, results;
  SMLoc loc = parser.getCurrentLocation();
  Builder &builder = parser.getBuilder();
  NamedAttrList &attributes = result.attributes;
  if (parseCarried(parser, inits, args, types) ||
      parseOptionalClause(parser, "max_iters", builder.getI64Type(),
                          attributes) ||
      parseOptionalClause(parser, "p_stop", builder.getF64Type(), attributes) ||
      parseOptionalClause(parser, "iters", Type(), attributes))
    return failure();
  if (succeeded(parser.parseOptionalArrow())) {
    if (parser.parseLParen() || parser.parseTypeList(results) ||
        parser.parseRParen())
      return failure();
    if (results != types)
      return parser.emitError(loc)
             << "result types differ from the types of the carried values";
  }
  result.addTypes(types);
  return failure(
      parser.parseOptionalAttrDictWithKeyword(attributes) ||
      parser.resolveOperands(inits, types, loc, result.operands) ||
      parser.parseRegion(*result.addRegion(), args));
}

void LoopOp::print(OpAsmPrinter &printer) {
  Block &body = getBody().front();
  printer << " (" << body.getArgument(0);
  for (auto [arg, init] :
       llvm::zip(body.getArguments().drop_front(), getInits()))
    printer << ", " << arg << " = " << init << " : " << init.getType();
  printer << ") max_iters(" << getMaxIters() << ")";
  if (FloatAttr stop = getPStopAttr()) {
    printer << " p_stop(";
    printer.printAttributeWithoutType(stop);
    printer << ")";
  }
  if (getItersAttr())
    printer << " iters(" << getItersAttr() << ")";
  if (getNumResults())
    printer << " -> (" << getResultTypes() << ")";
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {"max_iters", "p_stop", "iters"});
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

//===----------------------------------------------------------------------===//
// agent.graph @name(%a: type {attrs}) -> (types) attributes {...} { body }
//===----------------------------------------------------------------------===//

ParseResult GraphOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs,
                      ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(inputs, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void GraphOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

//===----------------------------------------------------------------------===//
// Generated definitions of all operations
//===----------------------------------------------------------------------===//

void AgentDialect::registerOperations() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Agent/AgentOps.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "dialects/Agent/AgentOps.cpp.inc"
