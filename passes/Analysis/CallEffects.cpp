//===- CallEffects.cpp - What order tool calls need -----------------------===//

#include "passes/Analysis/CallEffects.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace mlir;

namespace agentc {

agent::ToolOp getTool(stage::CallOp call) {
  return SymbolTable::lookupNearestSymbolFrom<agent::ToolOp>(
      call, call.getToolAttr());
}

bool isPure(agent::ToolOp tool) {
  return tool.getToolClass() == agent::ToolClass::Pure;
}

static bool declaresEffects(agent::ToolOp tool) {
  return tool.getReads() || tool.getWrites();
}

bool mayWrite(agent::ToolOp tool) {
  if (isPure(tool))
    return false;
  if (tool.getToolClass() != agent::ToolClass::Idempotent)
    return true;
  if (!declaresEffects(tool))
    return true;
  return tool.getWrites() && !tool.getWrites()->empty();
}

static bool intersect(std::optional<ArrayAttr> a, std::optional<ArrayAttr> b) {
  return a && b &&
         any_of(*a, [&](Attribute item) { return is_contained(*b, item); });
}

bool haveConflict(agent::ToolOp a, agent::ToolOp b) {
  if (isPure(a) || isPure(b))
    return false;
  if (!declaresEffects(a) || !declaresEffects(b))
    return true;
  return intersect(a.getWrites(), b.getWrites()) ||
         intersect(a.getWrites(), b.getReads()) ||
         intersect(a.getReads(), b.getWrites());
}

bool mayThrow(Operation *op) {
  if (auto binary = dyn_cast<agent::BinaryOp>(op))
    return binary.getType().isInteger() &&
           (binary.getKind() == agent::BinaryKind::Div ||
            binary.getKind() == agent::BinaryKind::Mod);
  return isa<agent::ThrowOp, agent::ParseOp, agent::GetItemOp,
             agent::AwaitEventOp, stage::AwaitOp>(op);
}

bool mayThrowInside(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return mayThrow(inner) ? WalkResult::interrupt()
                               : WalkResult::advance();
      })
      .wasInterrupted();
}

SmallVector<stage::CallOp> getEffectCalls(Operation *op) {
  SmallVector<stage::CallOp> calls;
  op->walk([&](stage::CallOp call) {
    if (!isPure(getTool(call)))
      calls.push_back(call);
  });
  return calls;
}

} // namespace agentc
