//===- InsertTransfers.cpp - Make every crossing an operation -------------===//

#include "passes/Analysis/Locations.h"
#include "passes/Analysis/OpIds.h"
#include "passes/Analysis/SessionModels.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#define DEBUG_TYPE "agentc-insert-transfers"

namespace agentc {
#define GEN_PASS_DEF_INSERTTRANSFERSPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

// What `user` hands `kv` on as, without computing on it; null when it does not.
static Value getHandedOn(Operation *user, Value kv) {
  if (auto loop = dyn_cast<agent::LoopOp>(user)) {
    unsigned position = llvm::find(loop.getInits(), kv).getIndex();
    return loop.getBody().getArgument(position + 1);
  }
  if (followsSequence(user) && user->getNumResults() > 0)
    return user->getResult(0);
  return nullptr;
}

// The placement of the first stage that computes on `kv`, or null.
static stage::PlacementAttr findComputePlacement(Value kv) {
  stage::PlacementAttr found;
  kv.getParentRegion()->walk<WalkOrder::PreOrder>([&](Operation *user) {
    if (!llvm::is_contained(user->getOperands(), kv))
      return WalkResult::advance();
    if (Value handedOn = getHandedOn(user, kv))
      found = findComputePlacement(handedOn);
    if (!found)
      found = getPlacement(user);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

//===----------------------------------------------------------------------===//

namespace {
struct InsertTransfersPass
    : agentc::impl::InsertTransfersPassBase<InsertTransfersPass> {
  using InsertTransfersPassBase::InsertTransfersPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    OpIds ids(getOperation());
    moved.clear();
    // In program order: where a value lives is settled before it is used.
    SmallVector<Operation *> ops;
    getOperation().walk<WalkOrder::PreOrder>(
        [&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      placeFollower(op);
      if (stage::PlacementAttr placement = getPlacement(op))
        fetchOperands(op, placement, ids);
    }
    for (Operation *op : ops)
      if (isa<agent::YieldOp, agent::BreakIfOp>(op))
        if (failed(agreeOnSlots(op, ids)))
          return signalPassFailure();
  }

  // Book-keeping runs where the sequence is, an await where its call is.
  static void placeFollower(Operation *op) {
    auto work = dyn_cast<stage::WorkOpInterface>(op);
    if (!work)
      return;
    if (followsSequence(op)) {
      if (stage::PlacementAttr placement = getLocation(op->getOperand(0)))
        work.setPlacement(placement);
    } else if (auto open = dyn_cast<stage::KvOpenOp>(op)) {
      if (!work.getPlacement())
        work.setPlacement(findComputePlacement(open.getKvOut()));
    } else if (auto await = dyn_cast<stage::AwaitOp>(op)) {
      if (auto placement = getPlacement(await.getHandle().getDefiningOp()))
        work.setPlacement(placement);
    }
  }

  void fetchOperands(Operation *op, stage::PlacementAttr to, OpIds &ids) {
    for (OpOperand &operand : op->getOpOperands()) {
      stage::PlacementAttr from = getLocation(operand.get());
      if (!isLocated(operand) || !from || from.getDevice() == to.getDevice())
        continue;
      operand.set(isa<stage::KvType>(operand.get().getType())
                      ? moveKv(operand.get(), to, op, ids)
                      : transfer(operand.get(), from, to, ids));
    }
  }

  // Right in front of its user: what comes before still runs on the old class.
  Value moveKv(Value kv, stage::PlacementAttr to, Operation *before,
               OpIds &ids) {
    OpBuilder builder(before);
    auto move = stage::KvMoveOp::create(builder, before->getLoc(), kv,
                                        builder.getStringAttr(to.getDevice()));
    move.setPlacementAttr(to);
    ids.number(move);
    ++numMoves;
    return move.getKvOut();
  }

  // Once for all users on a class, as soon as the value is there.
  Value transfer(Value value, stage::PlacementAttr from,
                 stage::PlacementAttr to, OpIds &ids) {
    Value &known = moved[{value, to.getDevice()}];
    if (known)
      return known;
    OpBuilder builder(value.getContext());
    builder.setInsertionPointAfterValue(value);
    auto transfer = stage::TransferOp::create(
        builder, value.getLoc(), value, from.getDevice(), to.getDevice());
    transfer.setPlacementAttr(to);
    ids.number(transfer);
    ++numTransfers;
    return known = transfer.getMoved();
  }

  // What a region hands on must be on one class whichever way it came: that of
  // the first value which may be handed on.
  LogicalResult agreeOnSlots(Operation *exit, OpIds &ids) {
    Operation *parent = exit->getParentOp();
    for (OpOperand &operand : exit->getOpOperands()) {
      if (!isa<stage::KvType>(operand.get().getType()))
        continue;
      stage::PlacementAttr slot = getSlotLocation(parent, operand);
      stage::PlacementAttr from = getLocation(operand.get());
      if (!slot || !from || slot.getDevice() == from.getDevice())
        continue;
      if (isa<agent::BreakIfOp>(exit))
        return exit->emitOpError("leaves the loop with a sequence on \"")
               << from.getDevice() << "\", which the loop carries on \""
               << slot.getDevice()
               << "\"; place the loop's stages on one class";
      operand.set(moveKv(operand.get(), slot, exit, ids));
    }
    return success();
  }

  static stage::PlacementAttr getSlotLocation(Operation *parent,
                                              OpOperand &operand) {
    for (Value result : parent->getResults())
      if (llvm::is_contained(getForwardedValues(result), operand.get()))
        return getLocation(result);
    return {};
  }

  DenseMap<std::pair<Value, StringRef>, Value> moved;
};
} // namespace
