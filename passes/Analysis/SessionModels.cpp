//===- SessionModels.cpp - Which model a session belongs to ---------------===//

#include "passes/Analysis/SessionModels.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace llvm;
using namespace mlir;

namespace agentc {

// What the regions of `op` give for result `number`, throws left out.
static void appendYields(SmallVector<Value> &values, Operation *op,
                         unsigned number) {
  for (Region &region : op->getRegions())
    if (auto yield = dyn_cast<agent::YieldOp>(region.front().getTerminator()))
      values.push_back(yield.getOperand(number));
}

// Result `number` of a parallel: its regions' yields, one after the other.
static void appendConcatenated(SmallVector<Value> &values,
                               agent::ParallelOp op, unsigned number) {
  SmallVector<Value> all;
  for (Region &region : op->getRegions())
    llvm::append_range(all, region.front().getTerminator()->getOperands());
  values.push_back(all[number]);
}

// What a loop carries at `position`: its start, the yields and the breaks.
static void appendCarried(SmallVector<Value> &values, agent::LoopOp loop,
                          unsigned position) {
  Block &body = loop.getBody().front();
  values.push_back(loop.getInits()[position]);
  if (auto yield = dyn_cast<agent::YieldOp>(body.getTerminator()))
    values.push_back(yield.getOperand(position));
  for (auto exit : body.getOps<agent::BreakIfOp>())
    values.push_back(exit.getValues()[position]);
}

static SmallVector<Value> getForwardedToResult(OpResult result) {
  SmallVector<Value> values;
  unsigned number = result.getResultNumber();
  llvm::TypeSwitch<Operation *>(result.getOwner())
      .Case<agent::CondOp, agent::SwitchOp, agent::RaceOp, agent::TryOp>(
          [&](auto op) { appendYields(values, op, number); })
      .Case([&](agent::ParallelOp op) {
        appendConcatenated(values, op, number);
      })
      .Case([&](agent::LoopOp op) { appendCarried(values, op, number); });
  return values;
}

SmallVector<Value> getForwardedValues(Value value) {
  if (auto result = dyn_cast<OpResult>(value))
    return getForwardedToResult(result);
  auto arg = cast<BlockArgument>(value);
  SmallVector<Value> values;
  // Argument 0 of a loop's body is the iteration.
  auto loop = dyn_cast<agent::LoopOp>(arg.getOwner()->getParentOp());
  if (loop && arg.getArgNumber() > 0)
    appendCarried(values, loop, arg.getArgNumber() - 1);
  return values;
}

// The session that `value` continues, when an operation of one does.
static Value getContinued(Value value) {
  if (auto call = value.getDefiningOp<agent::GenerateOp>())
    return call.getSession();
  if (auto append = value.getDefiningOp<agent::AppendSessionOp>())
    return append.getSession();
  return nullptr;
}

namespace {
/// The `agent.open_session` operations whose session a value may continue, and
/// whether the trace also ends elsewhere (an item of a list, a field).
struct Origins {
  SmallSetVector<Operation *, 2> opened;
  bool unknown = false;
};
} // namespace

static Origins findOrigins(Value value) {
  Origins origins;
  SmallSetVector<Value, 8> reached;
  reached.insert(value);
  for (size_t i = 0; i < reached.size(); ++i) {
    Value current = reached[i];
    if (auto open = current.getDefiningOp<agent::OpenSessionOp>()) {
      origins.opened.insert(open);
      continue;
    }
    if (Value continued = getContinued(current)) {
      reached.insert(continued);
      continue;
    }
    SmallVector<Value> forwarded = getForwardedValues(current);
    origins.unknown |= forwarded.empty();
    reached.insert(forwarded.begin(), forwarded.end());
  }
  return origins;
}

static FailureOr<FlatSymbolRefAttr> findModel(Operation *op, Value session) {
  Origins origins = findOrigins(session);
  if (origins.unknown || origins.opened.empty())
    return op->emitOpError(
        "continues a session that cannot be traced to its opening; hand it "
        "through regions, not through a list or a record");
  auto first = cast<agent::OpenSessionOp>(origins.opened.front());
  for (Operation *open : origins.opened) {
    FlatSymbolRefAttr model = cast<agent::OpenSessionOp>(open).getModelAttr();
    if (model == first.getModelAttr())
      continue;
    InFlightDiagnostic error = op->emitOpError("continues a session of ")
                               << first.getModelAttr() << " or of " << model
                               << "; open both on one model";
    error.attachNote(open->getLoc()) << "one of them is opened here";
    return error;
  }
  return first.getModelAttr();
}

FailureOr<SessionModels> findSessionModels(agent::GraphOp graph) {
  SessionModels models;
  auto visit = [&](Operation *op, Value session) {
    FailureOr<FlatSymbolRefAttr> model = findModel(op, session);
    if (failed(model))
      return WalkResult::interrupt();
    models[op] = *model;
    return WalkResult::advance();
  };
  WalkResult result = graph.walk([&](Operation *op) {
    if (auto append = dyn_cast<agent::AppendSessionOp>(op))
      return visit(op, append.getSession());
    auto call = dyn_cast<agent::GenerateOp>(op);
    if (!call || !call.getSession())
      return WalkResult::advance();
    if (visit(op, call.getSession()).wasInterrupted())
      return WalkResult::interrupt();
    if (models[op] == call.getModelAttr())
      return WalkResult::advance();
    call.emitOpError("runs ") << call.getModelAttr() << " in a session of "
                              << models[op] << "; use one model in a session";
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  return models;
}

} // namespace agentc
