//===- Pipelines.cpp - The order of the passes, and why -------------------===//

#include "dialects/Stage/Stage.h"
#include "passes/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

namespace agentc {

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

void buildLowerToStagePipeline(mlir::OpPassManager &manager) {
  // Everything below may count on sites, labels and a program without excess.
  manager.addPass(createNormalizePass());

  // Constants move into templates first: text is what prefixes share.
  manager.addPass(createSpecializePromptsPass());

  // While a call is still one operation, its whole token stream is in sight.
  manager.addPass(createInferPrefixesPass());

  // Calls become stages, ordered more than is needed.
  manager.addPass(createSplitCallsPass());

  // Less order first: the next pass asks what a prefill really waits for.
  manager.addPass(createPruneFalseEdgesPass());

  // Cuts at what arrives late.
  manager.addPass(createSplitPrefillPass());
}

void buildFinalizePlacementPipeline(mlir::OpPassManager &) {}

void registerAgentcPasses() {
  registerPasses();
  mlir::PassPipelineRegistration<>(
      "agentc-lower-to-stage",
      "Lowers a program of the agent dialect to verified stages.",
      buildLowerToStagePipeline);
  mlir::PassPipelineRegistration<>(
      "agentc-finalize-placement",
      "Adds transfers to a placed program and checks the placement.",
      buildFinalizePlacementPipeline);
}

} // namespace agentc
