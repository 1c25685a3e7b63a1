//===- Locations.cpp - Where values live ----------------------------------===//

#include "passes/Analysis/Locations.h"
#include "passes/Analysis/SessionModels.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace agentc {

stage::PlacementAttr getPlacement(Operation *op) {
  auto work = dyn_cast_or_null<stage::WorkOpInterface>(op);
  return work ? work.getPlacement() : stage::PlacementAttr();
}

static stage::PlacementAttr
findLocation(Value value, llvm::SmallPtrSetImpl<void *> &visited) {
  if (!visited.insert(value.getAsOpaquePointer()).second ||
      isa<stage::HandleType>(value.getType()))
    return {};
  if (stage::PlacementAttr placement = getPlacement(value.getDefiningOp()))
    return placement;
  if (!isa<stage::KvType>(value.getType()))
    return {};
  for (Value forwarded : getForwardedValues(value))
    if (stage::PlacementAttr placement = findLocation(forwarded, visited))
      return placement;
  return {};
}

stage::PlacementAttr getLocation(Value value) {
  llvm::SmallPtrSet<void *, 8> visited;
  return findLocation(value, visited);
}

bool isLocated(OpOperand &use) {
  Operation *op = use.getOwner();
  if (isa<stage::HandleType>(use.get().getType()))
    return false;
  if (auto call = dyn_cast<stage::CallOp>(op))
    return use.getOperandNumber() < call.getArgs().size();
  if (isa<stage::KvResumeOp>(op))
    return use.getOperandNumber() == 0;
  // These are the crossings.
  return !isa<stage::TransferOp, stage::KvMoveOp>(op);
}

bool followsSequence(Operation *op) {
  return isa<stage::KvForkOp, stage::KvAppendOp, stage::KvParkOp,
             stage::KvResumeOp, stage::KvCloseOp>(op);
}

} // namespace agentc
