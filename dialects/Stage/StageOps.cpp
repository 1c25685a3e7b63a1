//===- StageOps.cpp - Verifiers of the stage operations -------------------===//
//
// A label (tokenize_c1) names the constraint of docs/spec-stage.md that a
// check holds.
//
//===----------------------------------------------------------------------===//

#include "dialects/Stage/Stage.h"
#include "dialects/Stage/Template.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace agentc;
using namespace agentc::stage;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

FlatSymbolRefAttr agentc::stage::getModelOf(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto model = op->getAttrOfType<FlatSymbolRefAttr>("model"))
      return model;
    // These give on what they take: the sequence is their first operand.
    if (!isa<KvForkOp, KvAppendOp, KvParkOp, KvResumeOp, KvMoveOp, TransferOp>(
            op))
      return {};
    value = op->getOperand(0);
  }
  return {};
}

// Looks a model up and checks that it is of one of `kinds`.
static FailureOr<agent::ModelOp>
lookupModel(Operation *op, SymbolTableCollection &symbols,
            FlatSymbolRefAttr name, ArrayRef<agent::ModelKind> kinds) {
  auto model =
      symbols.lookupNearestSymbolFrom<agent::ModelOp>(op, name);
  if (!model)
    return op->emitOpError("names model ")
           << name << ", which is no agent.model of this module";
  if (llvm::is_contained(kinds, model.getKind()))
    return model;
  InFlightDiagnostic diagnostic =
      op->emitOpError("names model ")
      << name << " of kind " << agent::stringifyModelKind(model.getKind())
      << ", expected kind ";
  llvm::interleave(
      kinds, diagnostic,
      [&](agent::ModelKind kind) {
        diagnostic << agent::stringifyModelKind(kind);
      },
      " or ");
  diagnostic.attachNote(model.getLoc()) << "the model is declared here";
  return diagnostic;
}

// What an operation extends must belong to the model that it runs.
static LogicalResult verifySameModel(Operation *op, FlatSymbolRefAttr model,
                                     Value value, StringRef what) {
  FlatSymbolRefAttr other = getModelOf(value);
  if (!other || other == model)
    return success();
  return op->emitOpError("runs ") << model << " on " << what << " of " << other
                                  << "; both must be of one model";
}

//===----------------------------------------------------------------------===//
// tokenize
//===----------------------------------------------------------------------===//

LogicalResult TokenizeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // tokenize_c1
  return lookupModel(*this, symbols, getModelAttr(), {agent::ModelKind::LLM});
}

LogicalResult TokenizeOp::verify() {
  // tokenize_c2
  std::string error;
  auto pieces = parseTemplate(getTemplateText(), error);
  if (failed(pieces))
    return emitOpError("template ") << error;

  // tokenize_c4
  if (getArgNames().size() != getArgs().size())
    return emitOpError("names ") << getArgNames().size() << " values, has "
                                 << getArgs().size();
  llvm::StringSet<> unused;
  for (StringRef name : getArgNames().getAsValueRange<StringAttr>())
    if (!unused.insert(name).second)
      return emitOpError("names value '") << name << "' twice";

  // tokenize_c3
  llvm::StringSet<> names = unused;
  for (const TemplatePiece &piece : *pieces) {
    if (piece.kind != TemplatePiece::Kind::Placeholder)
      continue;
    if (!names.contains(piece.text))
      return emitOpError("template has placeholder '")
             << piece.text << "', which is given no value";
    unused.erase(piece.text);
  }
  if (!unused.empty())
    return emitOpError("gives value '")
           << unused.begin()->first()
           << "', for which the template has no placeholder";

  // tokenize_c5
  for (auto [name, arg] : llvm::zip(getArgNames(), getArgs()))
    if (!agent::isPrintableType(arg.getType()))
      return emitOpError("value ")
             << name << " has type " << arg.getType()
             << ", which cannot be printed into a prompt";
  return success();
}

//===----------------------------------------------------------------------===//
// KV operations
//===----------------------------------------------------------------------===//

LogicalResult KvOpenOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // kv.open_c1
  return lookupModel(*this, symbols, getModelAttr(), {agent::ModelKind::LLM});
}

LogicalResult KvOpenOp::verify() {
  // kv.open_c2
  if (getSession() && getSession()->empty())
    return emitOpError("session name is empty; name it or leave it out");
  return success();
}

LogicalResult PrefillOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // prefill_c1
  if (failed(lookupModel(*this, symbols, getModelAttr(),
                         {agent::ModelKind::LLM})))
    return failure();
  // prefill_c2, prefill_c3
  if (failed(verifySameModel(*this, getModelAttr(), getKv(), "a sequence")))
    return failure();
  return verifySameModel(*this, getModelAttr(), getTokens(), "tokens");
}

LogicalResult DecodeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // decode_c1
  if (failed(lookupModel(*this, symbols, getModelAttr(),
                         {agent::ModelKind::LLM})))
    return failure();
  // decode_c9
  if (getSchemaAttr() && !symbols.lookupNearestSymbolFrom<agent::SchemaOp>(
                             *this, getSchemaAttr()))
    return emitOpError("names schema ")
           << getSchemaAttr() << ", which is no agent.schema of this module";
  // decode_c2
  return verifySameModel(*this, getModelAttr(), getKv(), "a sequence");
}

LogicalResult DecodeOp::verify() {
  // decode_c4
  double temperature = getTemperature().convertToDouble();
  if (!(temperature >= 0))
    return emitOpError("temperature is ")
           << temperature << ", expected at least 0";
  // decode_c6
  if (getTopP() && !(getTopP()->convertToDouble() > 0 &&
                     getTopP()->convertToDouble() <= 1))
    return emitOpError("top_p is ") << getTopP()->convertToDouble()
                                    << ", expected above 0 and at most 1";
  if (getMinP() && !(getMinP()->convertToDouble() >= 0 &&
                     getMinP()->convertToDouble() <= 1))
    return emitOpError("min_p is ")
           << getMinP()->convertToDouble() << ", expected from 0 to 1";
  // decode_c7
  if (getStop())
    for (StringRef text : getStop()->getAsValueRange<StringAttr>())
      if (text.empty())
        return emitOpError("has an empty stop string, which would stop every "
                           "text at once; remove it");
  // decode_c8
  if (bool(getSchemaAttr()) + bool(getChoicesAttr()) + bool(getRegexAttr()) > 1)
    return emitOpError("has more than one of schema, choices and regex; "
                       "keep one");
  // decode_c10
  if (!getChoices())
    return success();
  if (getChoices()->empty())
    return emitOpError("has no choices; give at least one");
  llvm::StringSet<> seen;
  for (StringRef choice : getChoices()->getAsValueRange<StringAttr>())
    if (!seen.insert(choice).second)
      return emitOpError("has choice '") << choice << "' twice";
  return success();
}

LogicalResult KvAppendOp::verify() {
  // kv.append_c1
  FlatSymbolRefAttr model = getModelOf(getKv());
  if (!model)
    return success();
  return verifySameModel(*this, model, getTokens(), "tokens");
}

LogicalResult KvResumeOp::verify() {
  // kv.resume_c1
  Operation *producer = getKv().getDefiningOp();
  if (producer && !isa<KvParkOp, KvMoveOp>(producer))
    return emitOpError("resumes a sequence that is not parked; found ")
           << producer->getName() << ", expected stage.kv.park";
  return success();
}

LogicalResult KvMoveOp::verify() {
  // kv.move_c1
  if (getTo().empty())
    return emitOpError("moves to an unnamed device class; name it");
  return success();
}

//===----------------------------------------------------------------------===//
// Other models
//===----------------------------------------------------------------------===//

LogicalResult EncodeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // encode_c1
  auto model = lookupModel(*this, symbols, getModelAttr(),
                           {agent::ModelKind::Encoder});
  if (failed(model))
    return failure();
  // encode_c3
  Type type = getEmbedding().getType();
  if (auto list = dyn_cast<agent::ListType>(type))
    type = list.getElementType();
  int64_t have = cast<agent::EmbeddingType>(type).getDim();
  auto dims = ModelDims::fromDictionary(model->getDimsAttr());
  if (dims.embeddingDim && dims.embeddingDim != have)
    return emitOpError("gives embeddings of ")
           << have << " elements, model " << getModelAttr() << " has "
           << int64_t(dims.embeddingDim);
  return success();
}

LogicalResult EncodeOp::verify() {
  // encode_c2
  auto isOneToOne = [](Type text, Type embedding) {
    return isa<agent::TextType>(text) && isa<agent::EmbeddingType>(embedding);
  };
  Type in = getText().getType(), out = getEmbedding().getType();
  auto inList = dyn_cast<agent::ListType>(in);
  auto outList = dyn_cast<agent::ListType>(out);
  if (isOneToOne(in, out) ||
      (inList && outList &&
       isOneToOne(inList.getElementType(), outList.getElementType())))
    return success();
  return emitOpError("encodes ")
         << in << " to " << out
         << "; expected text to embedding, or a list of each";
}

LogicalResult SearchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // search_c1
  auto index =
      symbols.lookupNearestSymbolFrom<agent::IndexOp>(*this, getIndexAttr());
  if (!index)
    return emitOpError("names index ")
           << getIndexAttr() << ", which is no agent.index of this module";
  // search_c3
  auto embedder = symbols.lookupNearestSymbolFrom<agent::ModelOp>(
      index, index.getEmbedderAttr());
  if (!embedder)
    return success(); // agent.index says so itself
  int64_t have = cast<agent::EmbeddingType>(getQuery().getType()).getDim();
  auto dims = ModelDims::fromDictionary(embedder.getDimsAttr());
  if (dims.embeddingDim && dims.embeddingDim != have)
    return emitOpError("searches with ")
           << have << " elements, the vectors of index " << getIndexAttr()
           << " have " << int64_t(dims.embeddingDim);
  return success();
}

LogicalResult ScoreOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // score_c1
  return lookupModel(
      *this, symbols, getModelAttr(),
      {agent::ModelKind::CrossEncoder, agent::ModelKind::Encoder});
}

LogicalResult ModuleOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // module_c1
  return lookupModel(*this, symbols, getModelAttr(),
                     {agent::ModelKind::Torch});
}

LogicalResult ModuleOp::verify() {
  // module_c2
  auto isTensorLike = [](Type type) {
    return isa<agent::EmbeddingType, RankedTensorType>(type) ||
           type.isF64() || type.isInteger(64);
  };
  for (auto types : {TypeRange(getArgs()), TypeRange(getOuts())})
    for (Type type : types)
      if (!isTensorLike(type))
        return emitOpError("has a value of type ")
               << type << ", expected embedding, tensor, f64 or i64";
  return success();
}

//===----------------------------------------------------------------------===//
// Tools and transfers
//===----------------------------------------------------------------------===//

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // call_c1
  auto tool =
      symbols.lookupNearestSymbolFrom<agent::ToolOp>(*this, getToolAttr());
  if (!tool)
    return emitOpError("names tool ")
           << getToolAttr() << ", which is no agent.tool of this module";
  // call_c2
  FunctionType type = tool.getFunctionType();
  if (TypeRange(getArgs()) != TypeRange(type.getInputs()))
    return emitOpError("calls ")
           << getToolAttr() << " with (" << getArgs().getTypes()
           << "), its declaration takes (" << type.getInputs() << ")";
  // call_c3
  Type value = getHandle().getType().getValueType();
  if (value != type.getResult(0))
    return emitOpError("gives a handle of ")
           << value << ", tool " << getToolAttr() << " gives "
           << type.getResult(0);
  return success();
}

LogicalResult TransferOp::verify() {
  // transfer_c1
  if (getFrom().empty() || getTo().empty() || getFrom() == getTo())
    return emitOpError("moves from \"")
           << getFrom() << "\" to \"" << getTo()
           << "\", expected two different device classes";
  // transfer_c2
  if (isa<KvType>(getValue().getType()))
    return emitOpError("moves a KV snapshot; use stage.kv.move");
  return success();
}
