//===- SplitPrefill.cpp - Prefill while the rest of a prompt is awaited ---===//

#include "passes/Analysis/OpIds.h"
#include "passes/Analysis/PromptPieces.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace agentc {
#define GEN_PASS_DEF_SPLITPREFILLPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

static constexpr StringLiteral kShared = "shared_pieces";

using Ops = llvm::SmallSetVector<Operation *, 8>;

// Whether a run waits for `op` long enough to prefill meanwhile.
static bool isSlow(Operation *op) {
  return isa<stage::AwaitOp, stage::SearchOp, stage::DecodeOp, stage::ScoreOp,
             stage::ModuleOp, agent::AwaitEventOp>(op);
}

// The slow operations of `block`, or in its regions, that `roots` wait for.
static Ops getAwaited(ArrayRef<Value> roots, Block *block) {
  Ops reached;
  // What comes from outside the block is there when the block starts.
  auto reach = [&](Value value) {
    Operation *op = value.getDefiningOp();
    if (Operation *here = op ? block->findAncestorOpInBlock(*op) : nullptr)
      reached.insert(here);
  };
  llvm::for_each(roots, reach);
  for (size_t i = 0; i < reached.size(); ++i)
    reached[i]->walk([&](Operation *inner) {
      llvm::for_each(inner->getOperands(), reach);
    });
  Ops awaited;
  for (Operation *op : reached)
    op->walk([&](Operation *inner) {
      if (isSlow(inner))
        awaited.insert(inner);
    });
  return awaited;
}

static bool hasContent(ArrayRef<Piece> pieces) {
  return llvm::any_of(pieces, [](const Piece &piece) {
    return piece.kind != Piece::Kind::Scaffold;
  });
}

// The number of pieces in front of the first one that arrives later than all
// before it; nothing when all arrive together or little stands in front.
static std::optional<size_t> findCut(const FilledTemplate &filled, Value kv,
                                     Block *block) {
  SmallVector<Value> known = {kv};
  ArrayRef<Piece> pieces = filled.getPieces();
  for (size_t i = 0; i < pieces.size(); ++i) {
    Value value = filled.getValue(pieces[i]);
    if (!value)
      continue;
    Ops before = getAwaited(known, block);
    Ops now = getAwaited(value, block);
    bool late = llvm::any_of(
        now, [&](Operation *op) { return !before.contains(op); });
    if (late && hasContent(pieces.take_front(i)))
      return i;
    known.push_back(value);
  }
  return std::nullopt;
}

// Puts `builder` behind the last of `values` in `block`, so that nothing else
// stands in front of what uses them.
static void setEarliestPoint(OpBuilder &builder, ArrayRef<Value> values,
                             Block *block) {
  Operation *last = nullptr;
  for (Value value : values) {
    Operation *op = value.getDefiningOp();
    Operation *here = op ? block->findAncestorOpInBlock(*op) : nullptr;
    if (here && (!last || last->isBeforeInBlock(here)))
      last = here;
  }
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(block);
}

// Writes a part of a template to the operation that turns it into tokens.
static void store(stage::TokenizeOp op, const FilledTemplate &part) {
  Builder builder(op.getContext());
  op.setTemplateText(*part.render());
  op.setArgNamesAttr(builder.getStrArrayAttr(part.getArgNames()));
  op.getArgsMutable().assign(part.getArgValues());
}

// The front part carries what is known about the shared prefix; a count of the
// whole template's tokens is right for neither part.
static void splitFacts(Operation *front, Operation *rest, int64_t cut) {
  front->removeDiscardableAttr("token_count");
  rest->removeDiscardableAttr("token_count");
  auto shared = front->getAttrOfType<IntegerAttr>(kShared);
  if (!shared)
    return;
  rest->removeDiscardableAttr("prefix_group");
  rest->removeDiscardableAttr(kShared);
  front->setDiscardableAttr(
      kShared, IntegerAttr::get(shared.getType(),
                                std::min<int64_t>(shared.getInt(), cut)));
}

namespace {
struct SplitPrefillPass : agentc::impl::SplitPrefillPassBase<SplitPrefillPass> {
  using SplitPrefillPassBase::SplitPrefillPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    OpIds ids(getOperation());
    SmallVector<stage::PrefillOp> prefills;
    getOperation().walk([&](stage::PrefillOp op) { prefills.push_back(op); });
    for (stage::PrefillOp prefill : prefills)
      for (unsigned i = 0; i < maxCuts && cut(prefill, ids); ++i)
        ++numCuts;
  }

  // Leaves the late part in `prefill`, so that a further cut finds it there.
  bool cut(stage::PrefillOp prefill, OpIds &ids) {
    auto tokenize = prefill.getTokens().getDefiningOp<stage::TokenizeOp>();
    Block *block = prefill->getBlock();
    if (!tokenize || !tokenize->hasOneUse() || tokenize->getBlock() != block)
      return false;
    FilledTemplate filled = FilledTemplate::of(tokenize);
    std::optional<size_t> at = findCut(filled, prefill.getKv(), block);
    if (!at)
      return false;
    FilledTemplate front = filled.slice(0, *at);
    FilledTemplate rest = filled.slice(*at, filled.getPieces().size());
    if (!front.render() || !rest.render())
      return false;

    SmallVector<Value> inputs = front.getArgValues();
    inputs.push_back(prefill.getKv());
    OpBuilder builder(tokenize);
    setEarliestPoint(builder, inputs, block);
    auto early = cast<stage::TokenizeOp>(builder.clone(*tokenize));
    store(early, front);
    store(tokenize, rest);
    splitFacts(early, tokenize, *at);
    auto warm = cast<stage::PrefillOp>(builder.clone(*prefill));
    warm.getTokensMutable().assign(early.getTokens());
    prefill.getKvMutable().assign(warm.getKvOut());
    for (Operation *op : {early.getOperation(), warm.getOperation()}) {
      op->removeAttr("op_id");
      ids.number(op);
    }
    return true;
  }
};
} // namespace
