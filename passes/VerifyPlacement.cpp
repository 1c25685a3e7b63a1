//===- VerifyPlacement.cpp - Refuse what no machine can run ---------------===//

#include "passes/Analysis/Locations.h"
#include "passes/Analysis/SessionModels.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "agentc-verify-placement"

namespace agentc {
#define GEN_PASS_DEF_VERIFYPLACEMENTPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

//===----------------------------------------------------------------------===//

namespace {
struct VerifyPlacementPass
    : agentc::impl::VerifyPlacementPassBase<VerifyPlacementPass> {
  using VerifyPlacementPassBase::VerifyPlacementPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    llvm::StringSet<> classes = getClasses();
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (auto work = dyn_cast<stage::WorkOpInterface>(op)) {
        ++numStages;
        if (failed(verifyStage(work, classes)))
          return WalkResult::interrupt();
      }
      for (Value value : op->getResults())
        if (failed(verifySlot(op, value)))
          return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  // The names of the fleet's classes; empty when nobody gave them.
  llvm::StringSet<> getClasses() {
    llvm::StringSet<> classes;
    for (const std::string &name : deviceClasses)
      classes.insert(name);
    auto declared =
        getOperation()->getAttrOfType<ArrayAttr>("agentc.device_classes");
    if (declared && classes.empty())
      for (StringRef name : declared.getAsValueRange<StringAttr>())
        classes.insert(name);
    return classes;
  }

  static LogicalResult verifyStage(stage::WorkOpInterface op,
                                   const llvm::StringSet<> &classes) {
    stage::PlacementAttr placement = op.getPlacement();
    if (!placement)
      return op->emitOpError("has no placement; place it on a device class of "
                             "the cluster");
    if (!classes.empty() && !classes.contains(placement.getDevice()))
      return op->emitOpError("is placed on \"")
             << placement.getDevice() << "\", expected one of "
             << join(classes);
    if (auto transfer = dyn_cast<stage::TransferOp>(op.getOperation()))
      return verifyCrossing(op, transfer.getValue(), transfer.getFrom(),
                            transfer.getTo());
    if (auto move = dyn_cast<stage::KvMoveOp>(op.getOperation()))
      return verifyCrossing(op, move.getKv(), {}, move.getTo());
    for (OpOperand &operand : op->getOpOperands())
      if (failed(verifyOperand(op, operand)))
        return failure();
    return success();
  }

  static LogicalResult verifyOperand(stage::WorkOpInterface op,
                                     OpOperand &operand) {
    stage::PlacementAttr from = getLocation(operand.get());
    StringRef to = op.getPlacement().getDevice();
    if (!isLocated(operand) || !from || from.getDevice() == to)
      return success();
    bool isKv = isa<stage::KvType>(operand.get().getType());
    InFlightDiagnostic diagnostic =
        op->emitOpError("runs on \"")
        << to << "\", operand #" << operand.getOperandNumber() << " is on \""
        << from.getDevice() << "\"; put a "
        << (isKv ? "stage.kv.move" : "stage.transfer") << " between them";
    diagnostic.attachNote(operand.get().getLoc()) << "it is produced here";
    return diagnostic;
  }

  // A transfer starts where the value is and ends where it runs.
  static LogicalResult verifyCrossing(stage::WorkOpInterface op, Value value,
                                      StringRef from, StringRef to) {
    if (op.getPlacement().getDevice() != to)
      return op->emitOpError("moves to \"")
             << to << "\", but is placed on \"" << op.getPlacement().getDevice()
             << "\"; place it where it moves to";
    stage::PlacementAttr at = getLocation(value);
    if (at && !from.empty() && at.getDevice() != from)
      return op->emitOpError("moves from \"")
             << from << "\", but the value is on \"" << at.getDevice() << "\"";
    return success();
  }

  // A sequence that control flow hands on is on one class whichever way it
  // came.
  static LogicalResult verifySlot(Operation *op, Value value) {
    stage::PlacementAttr slot = getLocation(value);
    if (!slot || !isa<stage::KvType>(value.getType()))
      return success();
    for (Value forwarded : getForwardedValues(value)) {
      stage::PlacementAttr from = getLocation(forwarded);
      if (from && from.getDevice() != slot.getDevice())
        return op->emitOpError("hands on a sequence that is on \"")
               << slot.getDevice() << "\" one way and on \"" << from.getDevice()
               << "\" another; put a stage.kv.move before the yield";
    }
    return success();
  }

  static std::string join(const llvm::StringSet<> &classes) {
    SmallVector<StringRef> names(classes.keys());
    llvm::sort(names);
    std::string text;
    for (StringRef name : names)
      text += (text.empty() ? "\"" : ", \"") + name.str() + "\"";
    return text;
  }
};
} // namespace
