//===- VerifyStages.cpp - Refuse stages that break a rule -----------------===//

#include "passes/Analysis/KvFlow.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "llvm/ADT/SmallPtrSet.h"

#define DEBUG_TYPE "agentc-verify-stages"

namespace agentc {
#define GEN_PASS_DEF_VERIFYSTAGESPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

// Whether the regions of `op` run several times.
static bool isRepeated(Operation *op) {
  return isa<agent::LoopOp, agent::MapOp, agent::VoteOp>(op);
}

namespace {
/// Follows one snapshot along the paths of the program.
class SnapshotCheck {
public:
  explicit SnapshotCheck(Value kv) : kv(kv) {}

  LogicalResult run() {
    Operation *first = nullptr;
    return walkBlock(kv.getParentBlock(), first);
  }

private:
  // `consumer` is who has consumed the snapshot before, and after, the block.
  LogicalResult walkBlock(Block *block, Operation *&consumer) {
    for (Operation *user : getUsersIn(kv, block)) {
      if (failed(checkUses(user, consumer)) ||
          failed(walkRegions(user, consumer)))
        return failure();
    }
    return success();
  }

  LogicalResult checkUses(Operation *user, Operation *&consumer) {
    for (OpOperand &operand : user->getOpOperands()) {
      if (operand.get() != kv)
        continue;
      if (consumer && isa<stage::KvCloseOp>(consumer))
        return report(user, "uses a KV snapshot after it is closed",
                      consumer, "closed here");
      KvUse use = classifyKvUse(operand);
      if (use == KvUse::Borrow)
        continue;
      if (consumer)
        return report(user,
                      "extends a KV snapshot a second time; take a "
                      "stage.kv.fork of it first",
                      consumer, "first extended here");
      if (use == KvUse::Consume)
        consumer = user;
    }
    return success();
  }

  // Of a cond or switch one region runs; of all others each may.
  LogicalResult walkRegions(Operation *op, Operation *&consumer) {
    Operation *before = consumer, *after = consumer;
    for (Region &region : op->getRegions()) {
      Operation *inner =
          isa<agent::CondOp, agent::SwitchOp>(op) ? before : after;
      if (failed(walkBlock(&region.front(), inner)))
        return failure();
      if (inner != before && isRepeated(op))
        return report(inner,
                      "extends a KV snapshot in each iteration; carry it "
                      "through the loop, or take a stage.kv.fork inside",
                      op, "repeated by this operation");
      if (inner)
        after = inner;
    }
    consumer = after;
    return success();
  }

  static LogicalResult report(Operation *op, StringRef message,
                              Operation *other, StringRef note) {
    InFlightDiagnostic diagnostic = op->emitOpError(message);
    diagnostic.attachNote(other->getLoc()) << note;
    return diagnostic;
  }

  Value kv;
};

struct VerifyStagesPass : agentc::impl::VerifyStagesPassBase<VerifyStagesPass> {
  using VerifyStagesPassBase::VerifyStagesPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())) ||
        failed(verifyIds()))
      return signalPassFailure();
    for (auto graph : getOperation().getOps<agent::GraphOp>())
      for (Value kv : collectKvValues(graph)) {
        ++numSnapshots;
        if (failed(SnapshotCheck(kv).run()))
          return signalPassFailure();
      }
  }

  // Plans, traces and journals name an operation by its number.
  LogicalResult verifyIds() {
    llvm::DenseMap<int64_t, Operation *> seen;
    WalkResult result = getOperation().walk([&](stage::WorkOpInterface op) {
      auto id = op->getAttrOfType<IntegerAttr>("op_id");
      if (!id) {
        op->emitOpError("has no op_id; run agentc-split-calls first");
        return WalkResult::interrupt();
      }
      auto [other, isNew] = seen.try_emplace(id.getInt(), op);
      if (isNew)
        return WalkResult::advance();
      InFlightDiagnostic diagnostic =
          op->emitOpError("has op_id ") << id.getInt() << ", which is taken";
      diagnostic.attachNote(other->second->getLoc()) << "by this operation";
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }
};
} // namespace
