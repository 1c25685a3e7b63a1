//===- SplitCalls.cpp - From calls to the stages that answer them ---------===//

#include "dialects/Stage/Stage.h"
#include "passes/Analysis/OpIds.h"
#include "passes/Analysis/PromptPieces.h"
#include "passes/Analysis/SessionModels.h"
#include "passes/Levels.h"
#include "passes/OrderCalls.h"
#include "passes/Passes.h"
#include "passes/SessionsToKv.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

namespace agentc {
#define GEN_PASS_DEF_SPLITCALLSPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

namespace {
/// Replaces the calls of one graph. A session value stays where it is and is
/// used as KV at once; its type changes when all calls are replaced.
class CallSplitter {
public:
  CallSplitter(agent::GraphOp graph, const SessionModels &models)
      : builder(graph.getContext()), models(models),
        symbols(SymbolTable::getNearestSymbolTable(graph)),
        kvType(stage::KvType::get(graph.getContext())),
        tokensType(stage::TokensType::get(graph.getContext())) {}

  LogicalResult split(Operation *op) {
    builder.setInsertionPoint(op);
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case<agent::GenerateOp, agent::OpenSessionOp, agent::AppendSessionOp,
              agent::RetrieveOp, agent::RerankOp, agent::EmbedOp,
              agent::ModuleOp, agent::CallToolOp>(
            [&](auto call) { return splitCall(call); });
  }

private:
  // Builds `OpT` with the attributes of `from` that it has too (sampling
  // attributes, label, ..) and `attrs`.
  template <typename OpT>
  OpT build(Operation *from, TypeRange results, ValueRange operands,
            ArrayRef<NamedAttribute> attrs = {}) {
    NamedAttrList all(attrs);
    for (StringRef name : OpT::getAttributeNames())
      if (Attribute value = from->getAttr(name))
        if (!isSegments(name) && !all.get(name))
          all.append(name, value);
    return OpT::create(builder, from->getLoc(), results, operands,
                       all.getAttrs());
  }

  static bool isSegments(StringRef name) {
    return name == "operandSegmentSizes";
  }

  NamedAttribute attr(StringRef name, Attribute value) {
    return builder.getNamedAttr(name, value);
  }

  Value tokenize(Operation *from, FlatSymbolRefAttr model,
                 const FilledTemplate &filled) {
    std::optional<std::string> text = filled.render();
    assert(text && "messages between scaffolds keep their pieces");
    auto op = build<stage::TokenizeOp>(
        from, tokensType, filled.getArgValues(),
        {attr("model", model),
         attr("template_text", builder.getStringAttr(*text)),
         attr("arg_names", builder.getStrArrayAttr(filled.getArgNames()))});
    for (StringRef name : {"prefix_group", "shared_pieces"})
      if (Attribute value = from->getDiscardableAttr(name))
        op->setDiscardableAttr(name, value);
    return op.getTokens();
  }

  Value open(Operation *from, FlatSymbolRefAttr model, StringAttr session) {
    SmallVector<NamedAttribute> attrs = {attr("model", model)};
    if (session)
      attrs.push_back(attr("session", session));
    return build<stage::KvOpenOp>(from, kvType, {}, attrs).getKvOut();
  }

  Value prefill(Operation *from, FlatSymbolRefAttr model, Value kv,
                Value tokens) {
    return build<stage::PrefillOp>(from, kvType, {kv, tokens},
                                   {attr("model", model)})
        .getKvOut();
  }

  Value append(Operation *from, Value kv, Value tokens) {
    return build<stage::KvAppendOp>(from, kvType, {kv, tokens}).getKvOut();
  }

  LogicalResult splitCall(agent::GenerateOp call) {
    FlatSymbolRefAttr model = call.getModelAttr();
    // A session may be KV already, so the typed accessors do not hold.
    MutableOperandRange session = call.getSessionMutable();
    Value kv = session.empty() ? open(call, model, nullptr) : session[0].get();
    Value tokens = tokenize(call, model, getCallTemplate(call));
    kv = prefill(call, model, kv, tokens);
    auto decode = build<stage::DecodeOp>(
        call, {call.getText().getType(), kvType}, kv);
    call.getText().replaceAllUsesWith(decode.getText());
    if (Value out = call.getSessionOut()) {
      FilledTemplate end;
      end.addScaffold("assistant>");
      call->removeDiscardableAttr("prefix_group");
      call->removeDiscardableAttr("shared_pieces");
      Value endTokens = tokenize(call, model, end);
      out.replaceAllUsesWith(append(call, decode.getKvOut(), endTokens));
    }
    return success();
  }

  LogicalResult splitCall(agent::OpenSessionOp call) {
    FlatSymbolRefAttr model = call.getModelAttr();
    Value kv = open(call, model, call.getSessionNameAttr());
    Value tokens = tokenize(call, model, getOpeningTemplate(call.getSystem()));
    call.replaceAllUsesWith(prefill(call, model, kv, tokens));
    return success();
  }

  LogicalResult splitCall(agent::AppendSessionOp call) {
    FilledTemplate message = getMessageTemplate(call.getRole(), call.getText());
    Value tokens = tokenize(call, models.lookup(call), message);
    call.replaceAllUsesWith(append(call, call->getOperand(0), tokens));
    return success();
  }

  LogicalResult splitCall(agent::RetrieveOp call) {
    Value query = call.getQuery();
    if (isa<agent::TextType>(query.getType())) {
      FailureOr<Value> embedded = encodeQuery(call);
      if (failed(embedded))
        return failure();
      query = *embedded;
    }
    auto op = build<stage::SearchOp>(call, call.getResult().getType(),
                                     query);
    call.getResult().replaceAllUsesWith(op.getDocs());
    return success();
  }

  FailureOr<Value> encodeQuery(agent::RetrieveOp call) {
    auto index = symbols.lookup<agent::IndexOp>(call.getIndex());
    auto model = symbols.lookup<agent::ModelOp>(index.getEmbedder());
    IntegerAttr dim;
    if (DictionaryAttr dims = model.getDimsAttr())
      dim = dims.getAs<IntegerAttr>("embedding_dim");
    if (!dim) {
      InFlightDiagnostic error =
          call.emitOpError("needs the length of the embeddings of @")
          << model.getSymName() << "; give the model dims = {embedding_dim}";
      error.attachNote(model.getLoc()) << "the model is declared here";
      return error;
    }
    Type type = agent::EmbeddingType::get(builder.getContext(), dim.getInt());
    return build<stage::EncodeOp>(call, type, call.getQuery(),
                                  {attr("model", index.getEmbedderAttr())})
        .getEmbedding();
  }

  LogicalResult splitCall(agent::RerankOp call) {
    auto op = build<stage::ScoreOp>(call, call.getResult().getType(),
                                     call->getOperands());
    call.getResult().replaceAllUsesWith(op.getBest());
    return success();
  }

  LogicalResult splitCall(agent::EmbedOp call) {
    auto op = build<stage::EncodeOp>(call, call.getResult().getType(),
                                     call->getOperands());
    call.getResult().replaceAllUsesWith(op.getEmbedding());
    return success();
  }

  LogicalResult splitCall(agent::ModuleOp call) {
    call->replaceAllUsesWith(build<stage::ModuleOp>(
        call, call->getResultTypes(), call->getOperands()));
    return success();
  }

  LogicalResult splitCall(agent::CallToolOp call) {
    Type type = call.getResult().getType();
    int32_t args = call.getArgs().size();
    auto start = build<stage::CallOp>(
        call, stage::HandleType::get(type), call.getArgs(),
        {attr("operandSegmentSizes", builder.getDenseI32ArrayAttr({args, 0}))});
    call.replaceAllUsesWith(
        build<stage::AwaitOp>(call, type, start.getHandle()).getValue());
    return success();
  }

  OpBuilder builder;
  const SessionModels &models;
  SymbolTable symbols;
  Type kvType;
  Type tokensType;
};

struct SplitCallsPass : agentc::impl::SplitCallsPassBase<SplitCallsPass> {
  void runOnOperation() override {
    if (failed(requireNoStages(getOperation(), getArgument())))
      return signalPassFailure();
    OpIds ids(getOperation());
    for (auto graph : getOperation().getOps<agent::GraphOp>()) {
      if (failed(splitCalls(graph)))
        return signalPassFailure();
      eraseUnusedPrompts(graph);
      sessionsToKv(graph);
      numForks += forkSharedKv(graph);
      numEdges += orderCalls(graph);
      graph.walk([&](Operation *op) {
        if (isa<stage::StageDialect>(op->getDialect()))
          ids.number(op);
      });
    }
  }

  LogicalResult splitCalls(agent::GraphOp graph) {
    // Sessions are traced through the calls, so before any is replaced.
    FailureOr<SessionModels> models = findSessionModels(graph);
    if (failed(models))
      return failure();
    SmallVector<Operation *> calls;
    graph.walk([&](Operation *op) {
      if (isAgentCall(op))
        calls.push_back(op);
    });
    CallSplitter splitter(graph, *models);
    for (Operation *call : calls) {
      if (failed(splitter.split(call)))
        return failure();
      call->erase();
    }
    numCallsSplit += calls.size();
    return success();
  }

  // A template is part of the tokenize now; a prompt stays if its text is used.
  void eraseUnusedPrompts(agent::GraphOp graph) {
    SmallVector<agent::PromptOp> prompts;
    graph.walk([&](agent::PromptOp prompt) { prompts.push_back(prompt); });
    for (agent::PromptOp prompt : llvm::reverse(prompts))
      if (prompt.use_empty())
        prompt.erase();
  }
};
} // namespace
