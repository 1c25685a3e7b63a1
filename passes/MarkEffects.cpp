//===- MarkEffects.cpp - What may be repeated or started early ------------===//

#include "dialects/Stage/Stage.h"
#include "passes/Levels.h"
#include "passes/Passes.h"

#define DEBUG_TYPE "agentc-mark-effects"

namespace agentc {
#define GEN_PASS_DEF_MARKEFFECTSPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

namespace {
struct Marks {
  bool mayRetry;
  bool maySpeculate;
};
} // namespace

// What a tool allows. A pure one, everything. Repeating an idempotent one adds
// nothing, but starting it for nothing is an effect. A stageable one holds its
// effect back until it is committed, so a lost attempt leaves nothing; that it
// may also start early needs a runtime that commits, which ours does not.
static Marks getToolMarks(agent::ToolClass toolClass) {
  switch (toolClass) {
  case agent::ToolClass::Pure:
    return {true, true};
  case agent::ToolClass::Idempotent:
  case agent::ToolClass::Stageable:
    return {true, false};
  case agent::ToolClass::Irreversible:
    return {false, false};
  }
  llvm_unreachable("a tool class without a rule");
}

// Model work gives the same value each time (a sampled decode draws from a seed
// of its own), so it may be repeated, and thrown away when it was not needed;
// but a client has read what was streamed. Giving a sequence up is final.
static Marks getMarks(Operation *op) {
  if (auto call = dyn_cast<stage::CallOp>(op)) {
    auto tool = SymbolTable::lookupNearestSymbolFrom<agent::ToolOp>(
        call, call.getToolAttr());
    return tool ? getToolMarks(tool.getToolClass()) : Marks{false, false};
  }
  if (auto await = dyn_cast<stage::AwaitOp>(op)) {
    auto call = await.getHandle().getDefiningOp<stage::CallOp>();
    return call ? getMarks(call) : Marks{false, false};
  }
  if (auto decode = dyn_cast<stage::DecodeOp>(op))
    return {true, !decode.getStream()};
  if (isa<stage::KvCloseOp, stage::KvParkOp, stage::KvMoveOp>(op))
    return {true, false};
  return {true, true};
}

//===----------------------------------------------------------------------===//

namespace {
struct MarkEffectsPass : agentc::impl::MarkEffectsPassBase<MarkEffectsPass> {
  using MarkEffectsPassBase::MarkEffectsPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    getOperation().walk([&](stage::WorkOpInterface op) {
      Marks marks = getMarks(op);
      set(op, "may_retry", marks.mayRetry);
      set(op, "may_speculate", marks.maySpeculate);
      numRetryable += marks.mayRetry;
      numSpeculable += marks.maySpeculate;
    });
  }

  // Also takes a stale mark off: the tool's class may have changed.
  static void set(Operation *op, StringRef name, bool value) {
    if (value)
      op->setAttr(name, UnitAttr::get(op->getContext()));
    else
      op->removeAttr(name);
  }
};
} // namespace
