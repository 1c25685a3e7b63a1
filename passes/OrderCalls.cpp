//===- OrderCalls.cpp - Program order between tool calls ------------------===//
//
// The walk carries what a call at this point has to wait for. Regions of one
// operation start with what their operation would wait for, and do not wait for
// each other: branches exclude each other, the rest is concurrent by meaning,
// and a loop starts an iteration when the one before it is done.
//
//===----------------------------------------------------------------------===//

#include "passes/OrderCalls.h"
#include "passes/Analysis/CallEffects.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace agentc {

// Ends `block` with one more value, which is there when the block is done.
static void yieldDone(Block &block, Value done) {
  Operation *end = block.getTerminator();
  if (isa<agent::YieldOp>(end))
    end->insertOperands(end->getNumOperands(), done);
}

static Value createTrue(Block &block) {
  OpBuilder builder(&block, block.begin());
  Location loc = block.getParentOp()->getLoc();
  return agent::ConstantOp::create(builder, loc, builder.getI1Type(),
                                   builder.getBoolAttr(true));
}

// A loop carries what it yields.
static void carryDone(agent::LoopOp loop) {
  OpBuilder builder(loop);
  auto start =
      agent::ConstantOp::create(builder, loop.getLoc(), builder.getI1Type(),
                                builder.getBoolAttr(true));
  loop->insertOperands(loop->getNumOperands(), start.getResult());
  Block &body = loop.getBody().front();
  Value done = body.addArgument(builder.getI1Type(), loop.getLoc());
  for (auto exit : body.getOps<agent::BreakIfOp>())
    exit->insertOperands(exit->getNumOperands(), done);
  yieldDone(body, done);
}

// Gives `op` a result, so that there is something to wait for. The operation
// is built anew: results cannot be added.
static Operation *addDoneResult(Operation *op) {
  Type type = IntegerType::get(op->getContext(), 1);
  if (auto loop = dyn_cast<agent::LoopOp>(op))
    carryDone(loop);
  else
    for (Region &region : op->getRegions())
      yieldDone(region.front(), createTrue(region.front()));
  if (isa<agent::MapOp>(op))
    type = agent::ListType::get(op->getContext(), type);
  OperationState state(op->getLoc(), op->getName(), op->getOperands(), type,
                       op->getAttrs());
  for (Region &region : op->getRegions())
    state.addRegion()->takeBody(region);
  OpBuilder builder(op);
  Operation *fresh = builder.create(state);
  op->erase();
  return fresh;
}

namespace {
using Pending = llvm::SmallSetVector<Value, 4>;

class CallOrder {
public:
  void order(Block &block, Pending pending) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (auto call = dyn_cast<stage::CallOp>(&op))
        orderCall(call, pending);
      else if (op.getNumRegions() > 0)
        orderRegions(&op, pending);
      else if (mayThrow(&op) && op.getNumResults() > 0)
        addThrower(&op, pending);
    }
  }

  unsigned getNumEdges() const { return edges; }

private:
  void orderCall(stage::CallOp call, Pending &pending) {
    if (isPure(getTool(call)))
      return;
    call.getAfterMutable().assign(pending.getArrayRef());
    edges += pending.size();
    pending.clear();
    pending.insert(call.getHandle());
  }

  // A failed call is noticed at its handle; that of a pure tool is in no order,
  // so its result stands for it.
  void addThrower(Operation *op, Pending &pending) {
    if (auto await = dyn_cast<stage::AwaitOp>(op))
      if (auto call = await.getHandle().getDefiningOp<stage::CallOp>())
        if (!isPure(getTool(call)))
          return;
    pending.insert(op->getResult(0));
  }

  // Not every path through `op` has a call, so what was pending stays so.
  void orderRegions(Operation *op, Pending &pending) {
    for (Region &region : op->getRegions())
      order(region.front(), pending);
    if (getEffectCalls(op).empty() && !mayThrowInside(op))
      return;
    if (op->getNumResults() == 0)
      op = addDoneResult(op);
    pending.insert(op->getResult(0));
  }

  unsigned edges = 0;
};
} // namespace

unsigned orderCalls(agent::GraphOp graph) {
  CallOrder order;
  if (!getEffectCalls(graph).empty())
    order.order(graph.getBody().front(), {});
  return order.getNumEdges();
}

} // namespace agentc
