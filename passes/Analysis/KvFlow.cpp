//===- KvFlow.cpp - Who extends, holds and ends a snapshot ----------------===//

#include "passes/Analysis/KvFlow.h"
#include "passes/Analysis/SessionModels.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace agentc {

KvUse classifyKvUse(OpOperand &use) {
  Operation *op = use.getOwner();
  if (isa<agent::BreakIfOp>(op))
    return KvUse::Exit;
  if (isa<stage::KvForkOp, stage::CallOp>(op))
    return KvUse::Borrow;
  // `after` of a resume only waits.
  if (isa<stage::KvResumeOp>(op) && use.getOperandNumber() > 0)
    return KvUse::Borrow;
  return KvUse::Consume;
}

SmallVector<Operation *> getUsersIn(Value kv, Block *block) {
  llvm::SmallSetVector<Operation *, 4> users;
  for (Operation *user : kv.getUsers())
    if (Operation *ancestor = block->findAncestorOpInBlock(*user))
      users.insert(ancestor);
  SmallVector<Operation *> sorted = users.takeVector();
  llvm::sort(sorted, [](Operation *a, Operation *b) {
    return a->isBeforeInBlock(b);
  });
  return sorted;
}

bool consumesKv(Operation *op, Value kv) {
  return llvm::any_of(op->getOpOperands(), [&](OpOperand &operand) {
    return operand.get() == kv && classifyKvUse(operand) == KvUse::Consume;
  });
}

bool consumesKvInside(Operation *op, Value kv) {
  return llvm::any_of(kv.getUses(), [&](OpOperand &use) {
    return op->isProperAncestor(use.getOwner()) &&
           classifyKvUse(use) == KvUse::Consume;
  });
}

SmallVector<Value> collectKvValues(Operation *graph) {
  SmallVector<Value> values;
  auto add = [&](ValueRange candidates) {
    for (Value value : candidates)
      if (isa<stage::KvType>(value.getType()))
        values.push_back(value);
  };
  graph->walk<WalkOrder::PreOrder>([&](Operation *op) {
    add(op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        add(block.getArguments());
  });
  return values;
}

FlatSymbolRefAttr findKvModel(Value kv) {
  llvm::SmallSetVector<Value, 8> reached;
  reached.insert(kv);
  for (size_t i = 0; i < reached.size(); ++i) {
    Value current = reached[i];
    if (FlatSymbolRefAttr model = stage::getModelOf(current))
      return model;
    Operation *op = current.getDefiningOp();
    if (op && isa<stage::WorkOpInterface>(op) && op->getNumOperands() > 0)
      reached.insert(op->getOperand(0));
    SmallVector<Value> forwarded = getForwardedValues(current);
    reached.insert(forwarded.begin(), forwarded.end());
  }
  return {};
}

} // namespace agentc
