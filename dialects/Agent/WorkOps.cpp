//===- WorkOps.cpp - constraints of calls to models, indexes and tools ----===//

#include "dialects/Agent/Template.h"
#include "dialects/Agent/Verify.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace agentc::agent;

//===----------------------------------------------------------------------===//
// prompt
//===----------------------------------------------------------------------===//

LogicalResult PromptOp::verify() {
  // agent_prompt_c1
  if (getArgNames().size() != getArgs().size())
    return emitOpError("has ") << getArgNames().size() << " names for "
                               << getArgs().size() << " operands";
  // agent_prompt_c2
  if (std::optional<StringRef> name = findRepeated(getArgNames()))
    return emitOpError("has an operand named \"")
           << *name << "\", expected names that are not empty and differ";
  // agent_prompt_c3
  FailureOr<TemplateItems> items =
      parseTemplate(getTemplateText(), /*allowScaffold=*/false,
                    [&] { return emitOpError(); });
  if (failed(items))
    return failure();
  // agent_prompt_c4
  llvm::StringSet<> names;
  for (auto name : getArgNames().getAsRange<StringAttr>())
    names.insert(name);
  for (const TemplateItem &item : *items)
    if (item.kind == TemplateItem::Kind::Placeholder &&
        !names.contains(item.text))
      return emitOpError("has {") << item.text
                                  << "} in its template and no operand of "
                                     "this name; pass it or write '{{' for "
                                     "a brace";
  return success();
}

//===----------------------------------------------------------------------===//
// generate
//===----------------------------------------------------------------------===//

LogicalResult
GenerateOp::inferReturnTypes(MLIRContext *context, std::optional<Location>,
                             Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(TextType::get(context));
  if (adaptor.getSession())
    types.push_back(SessionType::get(context));
  return success();
}

static LogicalResult verifySampling(GenerateOp op) {
  // agent_generate_c2
  if (op.getMaxTokensAttr().getInt() < 1)
    return op.emitOpError("has max_tokens = ")
           << op.getMaxTokensAttr().getInt() << ", expected at least 1";
  // agent_generate_c3
  double temperature = op.getTemperature().convertToDouble();
  if (!(temperature >= 0) || !op.getTemperature().isFinite())
    return op.emitOpError("has temperature = ")
           << temperature << ", expected a finite number >= 0; 0 is greedy";
  // agent_generate_c4
  if (op.getTopKAttr() && op.getTopKAttr().getInt() < 1)
    return op.emitOpError("has top_k = ")
           << op.getTopKAttr().getInt() << ", expected at least 1";
  // agent_generate_c5
  if (op.getTopP() && op.getTopP()->isZero())
    return op.emitOpError("has top_p = 0, which keeps no token; use "
                          "temperature(0.0) for greedy");
  if (failed(verifyProbability(op, "top_p", op.getTopP())) ||
      failed(verifyProbability(op, "min_p", op.getMinP())))
    return failure();
  // agent_generate_c6
  if (op.getSiteAttr() && op.getSiteAttr().getInt() < 0)
    return op.emitOpError("has site = ")
           << op.getSiteAttr().getInt() << ", expected at least 0";
  return success();
}

static LogicalResult verifyConstrained(GenerateOp op) {
  // agent_generate_c7
  int given = bool(op.getSchemaAttr()) + bool(op.getChoicesAttr()) +
              bool(op.getRegexAttr());
  if (given > 1)
    return op.emitOpError("has ")
           << given << " of schema, choices and regex, expected one at most";
  // agent_generate_c8
  if (op.getChoices()) {
    if (op.getChoices()->empty())
      return op.emitOpError("has no choices to choose from; give one at least");
    if (std::optional<StringRef> choice = findRepeated(*op.getChoices()))
      return op.emitOpError("has the choice \"")
             << *choice << "\", expected choices that are not empty and differ";
  }
  // agent_generate_c9
  if (op.getStop())
    if (std::optional<StringRef> stop = findRepeated(*op.getStop()))
      return op.emitOpError("has the stop string \"")
             << *stop << "\", expected strings that are not empty and differ";
  return success();
}

LogicalResult GenerateOp::verify() {
  if (failed(verifySampling(*this)) || failed(verifyConstrained(*this)))
    return failure();
  // agent_generate_c10
  if (bool(getSession()) != bool(getSessionOut()))
    return emitOpError(getSession() ? "takes a session and gives none"
                                    : "gives a session and takes none")
           << ", expected both or neither";
  // agent_generate_c11
  if (getSession() && getSystem())
    return emitOpError("has both a system text and a session; give the system "
                       "text to 'agent.open_session'");
  return success();
}

/// The operation that opened the session, when no region lies between.
static OpenSessionOp getOpener(Value session) {
  while (session) {
    Operation *op = session.getDefiningOp();
    if (auto append = dyn_cast_or_null<AppendSessionOp>(op))
      session = append.getSession();
    else if (auto generate = dyn_cast_or_null<GenerateOp>(op))
      session = generate.getSession();
    else
      return dyn_cast_or_null<OpenSessionOp>(op);
  }
  return {};
}

LogicalResult GenerateOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_generate_c1
  if (!lookupModel(*this, getModelAttr(), {ModelKind::LLM}, symbols))
    return failure();
  // agent_generate_c12
  if (getSchemaAttr() && !lookup<SchemaOp>(*this, getSchemaAttr(), symbols))
    return failure();
  // agent_generate_c13
  OpenSessionOp opener = getOpener(getSession());
  if (opener && opener.getModelAttr() != getModelAttr())
    return emitOpError("uses model ")
           << getModelAttr() << " with a session of " << opener.getModelAttr()
           << "; a session belongs to one model";
  return success();
}

//===----------------------------------------------------------------------===//
// parse
//===----------------------------------------------------------------------===//

LogicalResult ParseOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_parse_c1
  auto schema = lookup<SchemaOp>(*this, getSchemaAttr(), symbols);
  if (!schema)
    return failure();
  // agent_parse_c2
  if (schema.getType() != getResult().getType())
    return emitOpError("gives ") << getResult().getType() << ", but schema "
                                 << getSchemaAttr() << " is "
                                 << schema.getType();
  return success();
}

//===----------------------------------------------------------------------===//
// embed, retrieve, rerank
//===----------------------------------------------------------------------===//

/// Reports an embedding of another size than the model's, when it is known.
static LogicalResult verifyDimension(Operation *op, EmbeddingType type,
                                     ModelOp model) {
  DictionaryAttr dims = model.getDimsAttr();
  auto dim = dims ? dims.getAs<IntegerAttr>("embedding_dim") : IntegerAttr();
  if (!type || !dim || dim.getInt() == type.getDim())
    return success();
  return op->emitOpError("has ")
         << type << ", but model @" << model.getSymName()
         << " gives embeddings of " << dim.getInt() << " numbers";
}

/// The embedding in the type: itself, or the element of a list.
static EmbeddingType getEmbedding(Type type) {
  if (auto list = dyn_cast<ListType>(type))
    type = list.getElementType();
  return dyn_cast<EmbeddingType>(type);
}

LogicalResult EmbedOp::verify() {
  // agent_embed_c1
  Type text = getText().getType(), result = getResult().getType();
  auto list = dyn_cast<ListType>(text);
  bool fits = bool(list) == isa<ListType>(result) && getEmbedding(result) &&
              isa<TextType>(list ? list.getElementType() : text);
  if (!fits)
    return emitOpError("gives ")
           << result << " for " << text << ", expected an embedding for a "
           << "text, or a list of embeddings for a list of texts";
  return success();
}

LogicalResult EmbedOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_embed_c2
  ModelOp model =
      lookupModel(*this, getModelAttr(), {ModelKind::Encoder}, symbols);
  // agent_embed_c3
  return model ? verifyDimension(*this, getEmbedding(getResult().getType()),
                                 model)
               : failure();
}

LogicalResult RetrieveOp::verify() {
  // agent_retrieve_c1
  if (getKAttr().getInt() < 1)
    return emitOpError("has k = ")
           << getKAttr().getInt() << ", expected at least 1";
  return success();
}

LogicalResult RetrieveOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_retrieve_c2
  auto index = lookup<IndexOp>(*this, getIndexAttr(), symbols);
  if (!index)
    return failure();
  // agent_retrieve_c3
  auto model = symbols.lookupNearestSymbolFrom<ModelOp>(
      index, index.getEmbedderAttr());
  return model ? verifyDimension(*this, getEmbedding(getQuery().getType()),
                                 model)
               : success();
}

LogicalResult RerankOp::verify() {
  // agent_rerank_c1
  if (getKAttr().getInt() < 1)
    return emitOpError("has k = ")
           << getKAttr().getInt() << ", expected at least 1";
  return success();
}

LogicalResult RerankOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_rerank_c2
  return success(
      lookupModel(*this, getModelAttr(),
                  {ModelKind::CrossEncoder, ModelKind::Encoder}, symbols));
}

//===----------------------------------------------------------------------===//
// call_tool, await_event, module
//===----------------------------------------------------------------------===//

LogicalResult CallToolOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_call_tool_c1
  auto tool = lookup<ToolOp>(*this, getToolAttr(), symbols);
  if (!tool)
    return failure();
  // agent_call_tool_c2
  FunctionType type = tool.getFunctionType();
  if (getArgs().getTypes() != TypeRange(type.getInputs()))
    return emitOpError("passes (")
           << getArgs().getTypes() << "), but tool " << getToolAttr()
           << " takes (" << type.getInputs() << ")";
  // agent_call_tool_c3
  if (TypeRange(getResult().getType()) != TypeRange(type.getResults()))
    return emitOpError("gives ")
           << getResult().getType() << ", but tool " << getToolAttr()
           << " gives " << type.getResults();
  return success();
}

LogicalResult AwaitEventOp::verify() {
  // agent_await_event_c1
  if (getEvent().empty())
    return emitOpError("has an empty event name; give the name that whoever "
                       "answers refers to");
  // agent_await_event_c2
  return verifyPositive(*this, "timeout_s", getTimeoutS());
}

static bool isTensorValue(Type type) {
  return isa<EmbeddingType, RankedTensorType>(type) || type.isF64() ||
         type.isSignlessInteger(64);
}

LogicalResult ModuleOp::verify() {
  // agent_module_c1
  if (getResults().empty())
    return emitOpError("gives nothing, expected at least one result");
  // agent_module_c2
  for (Type type : llvm::concat<Type>(
           SmallVector<Type>(getArgs().getTypes()),
           SmallVector<Type>(getResults().getTypes())))
    if (!isTensorValue(type))
      return emitOpError("has an operand or result of type ")
             << type << ", expected an embedding, a tensor, f64 or i64";
  return success();
}

LogicalResult ModuleOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_module_c3
  return success(
      lookupModel(*this, getModelAttr(), {ModelKind::Torch}, symbols));
}

//===----------------------------------------------------------------------===//
// open_session, append_session
//===----------------------------------------------------------------------===//

LogicalResult OpenSessionOp::verify() {
  // agent_open_session_c1
  if (getSessionName().empty())
    return emitOpError("has an empty name; give the conversation a name");
  return success();
}

LogicalResult OpenSessionOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_open_session_c2
  return success(lookupModel(*this, getModelAttr(), {ModelKind::LLM}, symbols));
}

LogicalResult AppendSessionOp::verify() {
  // agent_append_session_c1
  if (llvm::is_contained({"user", "tool", "assistant"}, getRole()))
    return success();
  return emitOpError("has role \"")
         << getRole() << "\", expected user, tool or assistant; the system "
         << "text belongs to 'agent.open_session'";
}
