//===- SessionsToKv.cpp - Sessions become KV snapshots --------------------===//

#include "passes/SessionsToKv.h"
#include "dialects/Stage/Stage.h"
#include "passes/Analysis/Prefixes.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace agentc {

static Type convert(Type type) {
  MLIRContext *context = type.getContext();
  if (isa<agent::SessionType>(type))
    return stage::KvType::get(context);
  if (auto list = dyn_cast<agent::ListType>(type))
    return agent::ListType::get(context, convert(list.getElementType()));
  auto record = dyn_cast<agent::RecordType>(type);
  if (!record)
    return type;
  auto fields = llvm::map_to_vector(record.getFieldTypes(), convert);
  return agent::RecordType::get(context, record.getName(),
                                record.getFieldNames(), fields);
}

static void convertAll(ValueRange values) {
  for (Value value : values)
    value.setType(convert(value.getType()));
}

void sessionsToKv(agent::GraphOp graph) {
  graph.walk([](Operation *op) {
    convertAll(op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        convertAll(block.getArguments());
  });
  FunctionType type = graph.getFunctionType();
  graph.setFunctionType(FunctionType::get(
      graph.getContext(), llvm::map_to_vector(type.getInputs(), convert),
      llvm::map_to_vector(type.getResults(), convert)));
}

// Leaving a region hands the snapshot on; only one of several exits is taken.
static bool isExit(Operation *user) {
  return user->hasTrait<OpTrait::IsTerminator>() ||
         isa<agent::BreakIfOp>(user);
}

// Whether `user` runs several times for one value of the block `defined`.
static bool isRepeated(Operation *user, Block *defined) {
  for (Operation *around = user->getParentOp();
       around && around != defined->getParentOp();
       around = around->getParentOp())
    if (isIterating(around))
      return true;
  return false;
}

static unsigned forkUsers(Value kv) {
  SmallVector<OpOperand *> uses;
  bool exits = false;
  for (OpOperand &use : kv.getUses()) {
    if (isExit(use.getOwner()))
      exits = true;
    else
      uses.push_back(&use);
  }
  unsigned forks = 0;
  for (OpOperand *use : uses) {
    Operation *user = use->getOwner();
    if (uses.size() == 1 && !exits && !isRepeated(user, kv.getParentBlock()))
      continue;
    OpBuilder builder(user);
    auto fork = stage::KvForkOp::create(builder, user->getLoc(), kv.getType(),
                                        kv);
    if (Attribute label = user->getAttr("label"))
      fork->setAttr("label", label);
    use->set(fork.getKvOut());
    ++forks;
  }
  return forks;
}

unsigned forkSharedKv(agent::GraphOp graph) {
  SmallVector<Value> snapshots;
  auto collect = [&](ValueRange values) {
    for (Value value : values)
      if (isa<stage::KvType>(value.getType()))
        snapshots.push_back(value);
  };
  graph.walk([&](Operation *op) {
    collect(op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        collect(block.getArguments());
  });
  unsigned forks = 0;
  for (Value kv : snapshots)
    forks += forkUsers(kv);
  return forks;
}

} // namespace agentc
