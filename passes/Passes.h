//===- Passes.h - All passes and pipelines ----------------------*- C++ -*-===//

#ifndef AGENTC_PASSES_PASSES_H
#define AGENTC_PASSES_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace agentc {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

/// Appends every pass from the agent dialect to verified, unplaced stages.
void buildLowerToStagePipeline(mlir::OpPassManager &manager);

/// Appends the passes that follow the planner: transfers, then the checks.
void buildFinalizePlacementPipeline(mlir::OpPassManager &manager);

/// Registers all passes, and the pipelines `agentc-lower-to-stage` and
/// `agentc-finalize-placement`.
void registerAgentcPasses();

} // namespace agentc

#endif // AGENTC_PASSES_PASSES_H
