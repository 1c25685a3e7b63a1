//===- PlaceKvLifetimes.cpp - Park, resume and close sequences ------------===//

#include "passes/Analysis/KvFlow.h"
#include "passes/Analysis/OpIds.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"

#define DEBUG_TYPE "agentc-place-kv-lifetimes"

namespace agentc {
#define GEN_PASS_DEF_PLACEKVLIFETIMESPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

//===----------------------------------------------------------------------===//
// Waits
//===----------------------------------------------------------------------===//

// Whether somebody outside is waited for: a tool or a person.
static bool isWait(Operation *op) {
  return isa<stage::AwaitOp, agent::AwaitEventOp>(op);
}

static bool containsWait(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isWait(inner) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

// How long `op` is waited for, or null when the program does not say it.
static agent::DistAttr getWaitTime(Operation *op) {
  auto await = dyn_cast<stage::AwaitOp>(op);
  auto call =
      await ? await.getHandle().getDefiningOp<stage::CallOp>() : nullptr;
  if (!call)
    return {};
  auto tool = SymbolTable::lookupNearestSymbolFrom<agent::ToolOp>(
      call, call.getToolAttr());
  return tool ? tool.getLatencyAttr() : agent::DistAttr();
}

// The operations of `op`'s block that `op`, or something in it, builds on.
static llvm::SmallSetVector<Operation *, 16> getSlice(Operation *op) {
  Block *block = op->getBlock();
  llvm::SmallSetVector<Operation *, 16> slice;
  auto addInputs = [&](Operation *user) {
    user->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (Operation *def = operand.getDefiningOp())
          if (Operation *ancestor = block->findAncestorOpInBlock(*def))
            if (ancestor != op)
              slice.insert(ancestor);
    });
  };
  addInputs(op);
  for (size_t i = 0; i < slice.size(); ++i)
    addInputs(slice[i]);
  return slice;
}

namespace {
/// A time in which a snapshot lies idle: from behind `last` (null: from the
/// start of the block) until `next`, which builds on the `waits`.
struct Gap {
  Value kv;
  Operation *last;
  Operation *next;
  SmallVector<Operation *> waits;
  int64_t steps = 0;
};
} // namespace

static Gap getGap(Value kv, Operation *last, Operation *next) {
  Gap gap{kv, last, next, {}, 0};
  auto slice = getSlice(next);
  Block::iterator it =
      last ? std::next(Block::iterator(last)) : next->getBlock()->begin();
  for (; &*it != next; ++it) {
    if (slice.contains(&*it) && it->getNumResults() > 0 && containsWait(&*it))
      gap.waits.push_back(&*it);
    it->walk([&](stage::WorkOpInterface) { ++gap.steps; });
  }
  return gap;
}

// The longest of the waits, or null when one of them is unknown.
static agent::DistAttr getIdleTime(const Gap &gap) {
  agent::DistAttr longest;
  for (Operation *wait : gap.waits) {
    agent::DistAttr time = getWaitTime(wait);
    if (!time)
      return {};
    if (!longest || time.getQuantile(0.95) > longest.getQuantile(0.95))
      longest = time;
  }
  return longest;
}

//===----------------------------------------------------------------------===//

namespace {
struct PlaceKvLifetimesPass
    : agentc::impl::PlaceKvLifetimesPassBase<PlaceKvLifetimesPass> {
  using PlaceKvLifetimesPassBase::PlaceKvLifetimesPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    OpIds ids(getOperation());
    for (auto graph : getOperation().getOps<agent::GraphOp>()) {
      for (Value kv : collectKvValues(graph))
        parkInGaps(kv, ids);
      for (Value kv : collectKvValues(graph))
        closeUnlessConsumed(kv, kv.getParentBlock(), ids);
    }
  }

  // Parks `kv` between two uses, the second of which waits for somebody.
  void parkInGaps(Value kv, OpIds &ids) {
    Operation *last = kv.getDefiningOp();
    for (Operation *next : getUsersIn(kv, kv.getParentBlock())) {
      if (!isa<stage::KvCloseOp, stage::KvParkOp, stage::KvResumeOp>(next)) {
        Gap gap = getGap(kv, last, next);
        if (!gap.waits.empty() && isLongEnough(getIdleTime(gap)))
          kv = park(gap, ids);
      }
      last = next;
    }
  }

  bool isLongEnough(agent::DistAttr idle) const {
    return !idle || idle.getQuantile(0.95) >= minIdleS;
  }

  // Returns what stands for the snapshot from `gap.next` on.
  Value park(const Gap &gap, OpIds &ids) {
    OpBuilder builder(gap.next);
    Location loc = gap.waits.front()->getLoc();
    if (gap.last)
      builder.setInsertionPointAfter(gap.last);
    else
      builder.setInsertionPointToStart(gap.next->getBlock());
    auto parked = stage::KvParkOp::create(builder, loc, gap.kv);
    if (agent::DistAttr idle = getIdleTime(gap))
      parked.setIdleAttr(idle);
    parked.setStepsToUseAttr(builder.getI64IntegerAttr(gap.steps));

    builder.setInsertionPoint(gap.next);
    SmallVector<Value> after;
    for (Operation *wait : gap.waits)
      after.push_back(wait->getResult(0));
    auto resumed = stage::KvResumeOp::create(builder, loc,
                                             parked.getKvOut(), after);
    Value kv = gap.kv;
    kv.replaceUsesWithIf(resumed.getKvOut(), [&](OpOperand &use) {
      Operation *user =
          gap.next->getBlock()->findAncestorOpInBlock(*use.getOwner());
      return user && !user->isBeforeInBlock(gap.next);
    });
    ids.number(parked);
    ids.number(resumed);
    ++numParks;
    return resumed.getKvOut();
  }

  // Closes `kv` behind its last use on every path through `block` that does
  // not consume it. A path that ends in a throw gives up what it owns.
  void closeUnlessConsumed(Value kv, Block *block, OpIds &ids) {
    SmallVector<Operation *> users = getUsersIn(kv, block);
    bool consumed = false;
    for (Operation *user : users) {
      consumed |= consumesKv(user, kv);
      if (!consumesKvInside(user, kv))
        continue;
      consumed = true;
      if (isa<agent::CondOp, agent::SwitchOp>(user))
        for (Region &region : user->getRegions())
          closeUnlessConsumed(kv, &region.front(), ids);
    }
    if (consumed || isa<agent::ThrowOp>(block->getTerminator()))
      return;
    OpBuilder builder(block, block->begin());
    if (!users.empty())
      builder.setInsertionPointAfter(users.back());
    else if (kv.getDefiningOp() && kv.getParentBlock() == block)
      builder.setInsertionPointAfter(kv.getDefiningOp());
    ids.number(stage::KvCloseOp::create(builder, kv.getLoc(), kv));
    ++numCloses;
  }
};
} // namespace
