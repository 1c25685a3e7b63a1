//===- PruneFalseEdges.cpp - Remove waiting without a reason --------------===//

#include "passes/Analysis/CallEffects.h"
#include "passes/Analysis/SessionModels.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Dominance.h"
#include "llvm/ADT/SetVector.h"

namespace agentc {
#define GEN_PASS_DEF_PRUNEFALSEEDGESPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

using Values = llvm::SmallSetVector<Value, 4>;

// What the calls inside `op` wait for outside of it.
static Values getOuterAfter(Operation *op) {
  Values outer;
  for (stage::CallOp call : getEffectCalls(op))
    for (Value value : call.getAfter())
      if (!op->isAncestor(value.getParentBlock()->getParentOp()))
        outer.insert(value);
  return outer;
}

static bool conflictsInside(Operation *op, agent::ToolOp tool) {
  return llvm::any_of(getEffectCalls(op), [&](stage::CallOp call) {
    return haveConflict(getTool(call), tool);
  });
}

// Whether a call of `tool` has a reason to wait for `value`.
static bool isNeeded(Value value, agent::ToolOp tool) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return true;
  if (auto call = dyn_cast<stage::CallOp>(op))
    return haveConflict(getTool(call), tool);
  if (mayWrite(tool) && mayThrowInside(op))
    return true;
  return conflictsInside(op, tool);
}

// All that `call` waits for with a reason, directly or behind another edge:
// that edge may go.
static Values getNeeded(stage::CallOp call) {
  agent::ToolOp tool = getTool(call);
  Values open(call.getAfter().begin(), call.getAfter().end());
  Values needed;
  for (size_t i = 0; i < open.size(); ++i) {
    Value value = open[i];
    if (isNeeded(value, tool))
      needed.insert(value);
    if (Operation *op = value.getDefiningOp()) {
      Values behind = getOuterAfter(op);
      open.insert(behind.begin(), behind.end());
    }
  }
  return needed;
}

// All operations that are surely done when `roots` are there. What only a
// region uses is left out: the region may not have run.
static llvm::SetVector<Operation *> getDone(ArrayRef<Value> roots) {
  llvm::SetVector<Operation *> done;
  auto reach = [&](Value value) {
    if (Operation *op = value.getDefiningOp())
      done.insert(op);
  };
  llvm::for_each(roots, reach);
  for (size_t i = 0; i < done.size(); ++i)
    llvm::for_each(done[i]->getOperands(), reach);
  return done;
}

// Drops from `needed` what arrives with an argument or another edge anyway.
static void dropImplied(Values &needed, stage::CallOp call) {
  SmallVector<Value> all(needed.begin(), needed.end());
  for (Value value : all) {
    SmallVector<Value> roots(call.getArgs());
    for (Value other : needed)
      if (other != value)
        roots.push_back(other);
    Operation *op = value.getDefiningOp();
    if (op && getDone(roots).contains(op))
      needed.remove(value);
  }
}

// Whether `op` exists to make a call wait, so that its regions must stay one.
static bool ordersCalls(Operation *op) {
  for (Operation *user : op->getUsers())
    if (auto call = dyn_cast<stage::CallOp>(user))
      if (llvm::is_contained(call.getAfter(), op->getResult(0)))
        return true;
  return false;
}

static bool throws(Operation *op) {
  return op->walk([](agent::ThrowOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

// Moves the operations of all regions in front of `op`, which their yields
// replace.
static void inlineRegions(Operation *op) {
  SmallVector<Value> results;
  for (Region &region : op->getRegions()) {
    Block &block = region.front();
    Operation *yield = block.getTerminator();
    llvm::append_range(results, yield->getOperands());
    yield->erase();
    op->getBlock()->getOperations().splice(op->getIterator(),
                                           block.getOperations());
  }
  op->replaceAllUsesWith(results);
  op->erase();
}

// The operation that brings `value` about, as a result or a region argument.
static Operation *getOwner(Value value) {
  if (auto arg = dyn_cast<BlockArgument>(value))
    return arg.getOwner()->getParentOp();
  return value.getDefiningOp();
}

static bool canEndInThrow(Operation *op) {
  return llvm::any_of(op->getRegions(), [](Region &region) {
    return isa<agent::ThrowOp>(region.front().getTerminator());
  });
}

// The value that `value` always equals, or null. A loop may carry it unchanged,
// so the value itself does not count. One that a guard lets through stays
// behind the guard: its users would cost before the guard has decided.
static Value getUnchanged(Value value) {
  Value same;
  for (Value forwarded : getForwardedValues(value)) {
    if (forwarded == value)
      continue;
    if (same && same != forwarded)
      return nullptr;
    same = forwarded;
  }
  return same && !canEndInThrow(getOwner(value)) ? same : nullptr;
}

// An `after` waits for the operation, not for the value that it gives.
static bool isAfter(OpOperand &use) {
  auto call = dyn_cast<stage::CallOp>(use.getOwner());
  return call && use.getOperandNumber() >= call.getArgs().size();
}

namespace {
struct PruneFalseEdgesPass
    : agentc::impl::PruneFalseEdgesPassBase<PruneFalseEdgesPass> {
  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    // Data first: whether an edge is implied depends on it.
    forwardUnchanged();
    pruneAfter();
    inlineParallels();
  }

  // First every call gets all edges with a reason, the last call first so that
  // the others still have theirs to be followed; then the implied ones go.
  void pruneAfter() {
    SmallVector<stage::CallOp> calls;
    size_t before = 0, left = 0;
    getOperation().walk([&](stage::CallOp call) {
      calls.push_back(call);
      before += call.getAfter().size();
    });
    for (stage::CallOp call : llvm::reverse(calls))
      call.getAfterMutable().assign(getNeeded(call).getArrayRef());
    for (stage::CallOp call : calls) {
      Values needed(call.getAfter().begin(), call.getAfter().end());
      dropImplied(needed, call);
      call.getAfterMutable().assign(needed.getArrayRef());
      left += needed.size();
    }
    numEdgesDropped += before - std::min(before, left);
  }

  void inlineParallels() {
    SmallVector<agent::ParallelOp> parallels;
    getOperation().walk([&](agent::ParallelOp op) { parallels.push_back(op); });
    for (agent::ParallelOp op : parallels) {
      if (throws(op) || ordersCalls(op))
        continue;
      inlineRegions(op);
      ++numParallelsInlined;
    }
  }

  // Inner operations and arguments first: they make outer ones unchanged.
  void forwardUnchanged() {
    SmallVector<Value> values;
    getOperation().walk([&](Operation *op) {
      for (Region &region : op->getRegions())
        llvm::append_range(values, region.getArguments());
      llvm::append_range(values, op->getResults());
    });
    DominanceInfo dominance(getOperation());
    for (Value value : values) {
      Value same = getUnchanged(value);
      // A branch can yield what is defined inside of it.
      if (!same || !dominance.properlyDominates(same, getOwner(value)))
        continue;
      bool used = false;
      value.replaceUsesWithIf(same, [&](OpOperand &use) {
        bool replace = !isAfter(use);
        used |= replace;
        return replace;
      });
      numValuesForwarded += used;
    }
  }
};
} // namespace
