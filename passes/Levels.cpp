//===- Levels.cpp - Which dialect a pass expects --------------------------===//

#include "passes/Levels.h"
#include "dialects/Agent/Agent.h"
#include "dialects/Stage/Stage.h"

using namespace mlir;

namespace agentc {

bool isAgentCall(Operation *op) {
  return isa<agent::GenerateOp, agent::EmbedOp, agent::RetrieveOp,
             agent::RerankOp, agent::CallToolOp, agent::ModuleOp,
             agent::OpenSessionOp, agent::AppendSessionOp>(op);
}

// The first operation that `unwanted` holds for.
static Operation *findFirst(ModuleOp module,
                            function_ref<bool(Operation *)> unwanted) {
  Operation *found = nullptr;
  module.walk([&](Operation *op) {
    if (!unwanted(op))
      return WalkResult::advance();
    found = op;
    return WalkResult::interrupt();
  });
  return found;
}

LogicalResult requireNoStages(ModuleOp module, StringRef pass) {
  Operation *found = findFirst(module, [](Operation *op) {
    return isa_and_nonnull<stage::StageDialect>(op->getDialect());
  });
  if (!found)
    return success();
  return found->emitOpError("is already a stage, which ")
         << pass << " does not read; run it before agentc-split-calls";
}

LogicalResult requireNoCalls(ModuleOp module, StringRef pass) {
  Operation *found = findFirst(module, isAgentCall);
  if (!found)
    return success();
  return found->emitOpError("is not split into stages, which ")
         << pass << " reads; run agentc-split-calls first";
}

} // namespace agentc
