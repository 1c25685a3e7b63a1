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

  // Less order before the next passes ask what a prefill really waits for.
  manager.addPass(createPruneFalseEdgesPass());

  // A prefix is cut off whole, also behind a value that is awaited, so that
  // its members compute all of it once.
  manager.addPass(createHoistPrefixesPass());

  // Shared or not, a prefill now goes in two where its values arrive apart.
  manager.addPass(createSplitPrefillPass());

  // Every snapshot that there will be exists now, forks included, so each can
  // be given its end; waits show where the idle ones lie.
  manager.addPass(createPlaceKvLifetimesPass());

  // Marks and work are facts about single stages: last, when none is added,
  // moved or cut any more.
  manager.addPass(createMarkEffectsPass());
  manager.addPass(createAnnotateWorkPass());

  // The planner and the runtime count on what this checks.
  manager.addPass(createVerifyStagesPass());
}

void buildFinalizePlacementPipeline(mlir::OpPassManager &manager) {
  // The planner places stages; the edges between classes follow from that.
  manager.addPass(createInsertTransfersPass());

  // Transfers and moves are stages too: they may be repeated, and cost.
  manager.addPass(createMarkEffectsPass());
  manager.addPass(createAnnotateWorkPass());

  // A move takes a snapshot on: the rule of one use must still hold.
  manager.addPass(createVerifyStagesPass());

  // The gate: nothing below asks again where a stage runs.
  manager.addPass(createVerifyPlacementPass());
}

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
