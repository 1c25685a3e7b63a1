//===- AnnotateWork.cpp - Attach the expected work of every stage ---------===//

#include "passes/Analysis/KvFlow.h"
#include "passes/Analysis/TokenEstimates.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"
#include <optional>

#define DEBUG_TYPE "agentc-annotate-work"

namespace agentc {
#define GEN_PASS_DEF_ANNOTATEWORKPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

// Bytes of a value in memory: 4 a token of text and a token id, f32 and f64 as
// they are; a dimension that is not static counts as 1.
static double getBytes(TokenEstimates &estimates, Value value) {
  Type type = value.getType();
  if (auto embedding = dyn_cast<agent::EmbeddingType>(type))
    return 4.0 * embedding.getDim();
  if (auto list = dyn_cast<agent::ListType>(type))
    if (auto embedding = dyn_cast<agent::EmbeddingType>(list.getElementType()))
      return 4.0 * embedding.getDim() * estimates.getItems(value);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type.isIntOrFloat() ? 8 : 4 * estimates.getTokens(value);
  double elements = 1;
  for (int64_t dim : tensor.getShape())
    elements *= ShapedType::isDynamic(dim) ? 1 : dim;
  return elements * tensor.getElementTypeBitWidth() / 8;
}

static double sumBytes(TokenEstimates &estimates, ValueRange values) {
  double sum = 0;
  for (Value value : values)
    sum += getBytes(estimates, value);
  return sum;
}

// The sequence that `op` extends, holds or moves, or null. It is the first
// operand; others are only waited for.
static Value getSequence(Operation *op) {
  if (op->getNumOperands() == 0 || isa<stage::CallOp>(op) ||
      !isa<stage::KvType>(op->getOperand(0).getType()))
    return nullptr;
  return op->getOperand(0);
}

// Lengths of what goes into and comes out of `op`.
static stage::WorkContext getLengths(TokenEstimates &estimates, Operation *op) {
  stage::WorkContext context;
  if (Value kv = getSequence(op))
    context.contextTokens = estimates.getKvTokens(kv);
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](stage::TokenizeOp op) {
        context.inTokens = estimates.getTokens(op.getTokens());
      })
      .Case([&](stage::PrefillOp op) {
        double pending = estimates.getPendingTokens(op.getKv());
        context.inTokens = estimates.getTokens(op.getTokens()) + pending;
        context.contextTokens -= pending;
      })
      .Case([&](stage::KvAppendOp op) {
        context.inTokens = estimates.getTokens(op.getTokens());
      })
      .Case([&](stage::DecodeOp op) {
        context.outTokens = estimates.getTokens(op.getText());
      })
      .Case([&](stage::EncodeOp op) {
        context.items = estimates.getItems(op.getText());
        context.inTokens =
            estimates.getTokens(op.getText()) / std::max(context.items, 1.0);
      })
      .Case([&](stage::ScoreOp op) {
        context.items = estimates.getItems(op.getDocs());
        context.inTokens =
            estimates.getTokens(op.getQuery()) +
            estimates.getTokens(op.getDocs()) / std::max(context.items, 1.0);
      })
      .Case([&](stage::CallOp op) {
        for (Value arg : op.getArgs())
          context.inTokens += estimates.getTokens(arg);
      })
      .Case([&](stage::AwaitOp op) {
        context.outTokens = estimates.getTokens(op.getValue());
      })
      .Case<stage::ModuleOp, stage::TransferOp>([&](auto op) {
        context.valueBytes = sumBytes(estimates, op->getOperands());
        context.resultBytes = sumBytes(estimates, op->getResults());
      });
  return context;
}

// Adds what the declarations say. False when the work of `op` depends on
// something that they do not say: unknown work stays without an annotation.
static bool addDeclared(stage::WorkContext &context, Operation *op,
                        SymbolTableCollection &symbols) {
  if (auto search = dyn_cast<stage::SearchOp>(op)) {
    auto index = symbols.lookupNearestSymbolFrom<agent::IndexOp>(
        op, search.getIndexAttr());
    if (!index || !index.getCount())
      return false;
    context.items = *index.getCount();
    auto query = cast<agent::EmbeddingType>(search.getQuery().getType());
    context.vectorDim = query.getDim();
    return true;
  }
  if (isa<stage::TokenizeOp, stage::KvOpenOp, stage::KvCloseOp>(op))
    return true; // no dimension is in their formula
  FlatSymbolRefAttr name = cast<stage::WorkOpInterface>(op).getWorkModel();
  if (Value kv = getSequence(op))
    name = findKvModel(kv);
  else if (!name)
    return true; // a tool, a transfer
  if (!name)
    return false;
  auto model = symbols.lookupNearestSymbolFrom<agent::ModelOp>(op, name);
  if (!model || !model.getDimsAttr())
    return false;
  context.dims = stage::ModelDims::fromDictionary(model.getDimsAttr());
  return true;
}

// Tokens behind the work: what the sequence holds, what comes, what goes.
static DictionaryAttr getTokenCounts(const stage::WorkContext &context,
                                     Builder &builder) {
  auto number = [&](StringRef name, double value) {
    return builder.getNamedAttr(name, builder.getF64FloatAttr(value));
  };
  return builder.getDictionaryAttr({number("context", context.contextTokens),
                                    number("in", context.inTokens),
                                    number("out", context.outTokens)});
}

//===----------------------------------------------------------------------===//

namespace {
struct AnnotateWorkPass : agentc::impl::AnnotateWorkPassBase<AnnotateWorkPass> {
  using AnnotateWorkPassBase::AnnotateWorkPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    TokenDefaults defaults{double(textTokens), double(listItems),
                           double(passageTokens)};
    TokenEstimates mean(TokenEstimates::Point::Mean, defaults);
    TokenEstimates p95(TokenEstimates::Point::P95, defaults);
    SymbolTableCollection symbols;
    Builder builder(&getContext());
    getOperation().walk([&](stage::WorkOpInterface op) {
      stage::WorkContext context = getLengths(mean, op);
      op->setAttr("est_tokens", getTokenCounts(context, builder));
      setWork(op, "work", context, symbols);
      setWork(op, "work_p95", getLengths(p95, op), symbols);
    });
  }

  void setWork(stage::WorkOpInterface op, StringRef name,
               stage::WorkContext context, SymbolTableCollection &symbols) {
    context.kvElementBytes = kvElementBytes;
    if (!addDeclared(context, op, symbols)) {
      op->removeAttr(name);
      ++numUnknown;
      return;
    }
    op->setAttr(name,
                stage::WorkAttr::get(&getContext(), op.estimateWork(context)));
    ++numAnnotated;
  }
};
} // namespace
