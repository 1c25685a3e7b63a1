//===- ControlOps.cpp - constraints of branches, loops and votes ----------===//

#include "dialects/Agent/Verify.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace agentc::agent;

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

static LogicalResult verifyArguments(Operation *op, StringRef name,
                                     Region &region, TypeRange expected) {
  if (region.getArgumentTypes() == expected)
    return success();
  return op->emitOpError("has arguments (")
         << region.getArgumentTypes() << ") in its " << name
         << " region, expected (" << expected << ")";
}

/// Reports a region that gives other types than the operation needs. A region
/// that throws gives nothing.
static LogicalResult verifyYield(Operation *op, Region &region,
                                 TypeRange expected) {
  Operation *last = &region.front().back();
  if (isa<ThrowOp>(last))
    return success();
  // agent_regions_c1
  if (!isa<YieldOp>(last))
    return op->emitOpError("has a region that ends with '")
           << last->getName()
           << "', expected 'agent.yield' or 'agent.throw'";
  if (last->getOperandTypes() == expected)
    return success();
  return last->emitOpError("gives (")
         << last->getOperandTypes() << "), but '" << op->getName()
         << "' needs (" << expected << ")";
}

//===----------------------------------------------------------------------===//
// cond, switch
//===----------------------------------------------------------------------===//

LogicalResult CondOp::verify() {
  // agent_cond_c1
  return verifyProbability(*this, "p_true", getPTrue());
}

LogicalResult CondOp::verifyRegions() {
  for (Region &region : (*this)->getRegions())
    // agent_cond_c2, agent_cond_c3
    if (failed(verifyArguments(*this, "branch", region, {})) ||
        failed(verifyYield(*this, region, getResultTypes())))
      return failure();
  return success();
}

static LogicalResult verifyCases(SwitchOp op) {
  bool isText = isa<TextType>(op.getSelector().getType());
  llvm::DenseSet<Attribute> seen;
  for (Attribute value : op.getCases()) {
    // agent_switch_c2
    auto integer = dyn_cast<IntegerAttr>(value);
    bool fits = isText ? isa<StringAttr>(value)
                       : integer && integer.getType().isSignlessInteger(64);
    if (!fits)
      return op.emitOpError("has the case ")
             << value << ", expected " << (isText ? "a string" : "an i64")
             << " as the selector is " << op.getSelector().getType();
    // agent_switch_c3
    if (!seen.insert(value).second)
      return op.emitOpError("has the case ")
             << value << " twice; the second can never run";
  }
  return success();
}

LogicalResult SwitchOp::verify() {
  // agent_switch_c1
  if (getCases().empty() || getCases().size() != getCaseRegions().size())
    return emitOpError("has ") << getCases().size() << " cases and "
                               << getCaseRegions().size()
                               << " case regions, expected as many, and one "
                                  "at least";
  if (failed(verifyCases(*this)))
    return failure();
  // agent_switch_c4
  std::optional<ArrayRef<double>> weights = getWeights();
  if (weights && weights->size() != getCases().size() + 1)
    return emitOpError("has ") << weights->size() << " weights, expected "
                               << getCases().size() + 1
                               << ": one per case and one for the default";
  for (double weight : weights.value_or(ArrayRef<double>()))
    if (!(weight >= 0 && weight <= 1))
      return emitOpError("has the weight ")
             << weight << ", expected a probability from 0 to 1";
  return success();
}

LogicalResult SwitchOp::verifyRegions() {
  for (Region &region : (*this)->getRegions())
    // agent_switch_c5, agent_switch_c6
    if (failed(verifyArguments(*this, "case", region, {})) ||
        failed(verifyYield(*this, region, getResultTypes())))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// loop, break_if
//===----------------------------------------------------------------------===//

LogicalResult LoopOp::verify() {
  // agent_loop_c1
  if (getMaxItersAttr().getInt() < 1)
    return emitOpError("has max_iters = ")
           << getMaxItersAttr().getInt() << ", expected at least 1";
  // agent_loop_c2
  if (failed(verifyProbability(*this, "p_stop", getPStop())))
    return failure();
  // agent_loop_c3
  if (getResultTypes() != getInits().getTypes())
    return emitOpError("gives (")
           << getResultTypes() << "), but carries (" << getInits().getTypes()
           << "), expected the same types";
  return success();
}

LogicalResult LoopOp::verifyRegions() {
  SmallVector<Type> arguments = {IntegerType::get(getContext(), 64)};
  llvm::append_range(arguments, getInits().getTypes());
  // agent_loop_c4, agent_loop_c5
  if (failed(verifyArguments(*this, "body", getBody(), arguments)))
    return failure();
  return verifyYield(*this, getBody(), getResultTypes());
}

LogicalResult BreakIfOp::verify() {
  // agent_break_if_c2
  auto loop = cast<LoopOp>((*this)->getParentOp());
  if (getValues().getTypes() != loop.getInits().getTypes())
    return emitOpError("gives (")
           << getValues().getTypes() << "), but the loop carries ("
           << loop.getInits().getTypes() << ")";
  return success();
}

//===----------------------------------------------------------------------===//
// map, parallel, race, try
//===----------------------------------------------------------------------===//

LogicalResult MapOp::verify() {
  // agent_map_c1
  if (getMaxParallelAttr() && getMaxParallelAttr().getInt() < 1)
    return emitOpError("has max_parallel = ")
           << getMaxParallelAttr().getInt() << ", expected at least 1";
  return success();
}

LogicalResult MapOp::verifyRegions() {
  // agent_map_c2
  Type arguments[] = {IntegerType::get(getContext(), 64),
                      getElementType(getList().getType())};
  if (failed(verifyArguments(*this, "body", getBody(), arguments)))
    return failure();
  // agent_map_c3
  SmallVector<Type> elements = llvm::map_to_vector(
      getResultTypes(), [](Type type) { return getElementType(type); });
  return verifyYield(*this, getBody(), elements);
}

LogicalResult ParallelOp::verify() {
  // agent_parallel_c1
  if (getBranches().empty())
    return emitOpError("has no region, expected at least one");
  return success();
}

LogicalResult ParallelOp::verifyRegions() {
  SmallVector<Type> given;
  for (Region &region : getBranches()) {
    // agent_parallel_c2
    if (failed(verifyArguments(*this, "branch", region, {})))
      return failure();
    // agent_parallel_c3
    auto yield = dyn_cast<YieldOp>(region.front().back());
    if (!yield)
      return emitOpError("has a region that ends with '")
             << region.front().back().getName()
             << "', expected 'agent.yield'; throw inside an 'agent.cond'";
    llvm::append_range(given, yield.getOperandTypes());
  }
  // agent_parallel_c4
  if (getResultTypes() != TypeRange(given))
    return emitOpError("gives (") << getResultTypes()
                                  << "), but its regions yield (" << given
                                  << ") together";
  return success();
}

LogicalResult RaceOp::verify() {
  // agent_race_c1
  if (getBranches().empty())
    return emitOpError("has no region, expected at least one");
  return success();
}

LogicalResult RaceOp::verifyRegions() {
  for (Region &region : getBranches())
    // agent_race_c2, agent_race_c3
    if (failed(verifyArguments(*this, "branch", region, {})) ||
        failed(verifyYield(*this, region, getResultTypes())))
      return failure();
  return success();
}

LogicalResult RaceOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_race_c4
  WalkResult result = (*this)->walk([&](CallToolOp call) {
    auto tool =
        symbols.lookupNearestSymbolFrom<ToolOp>(call, call.getToolAttr());
    if (!tool || tool.getToolClass() != ToolClass::Irreversible)
      return WalkResult::advance();
    call.emitOpError("calls the irreversible tool ")
        << call.getToolAttr()
        << " inside a race, whose losers are cancelled; call it after";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult TryOp::verifyRegions() {
  // agent_try_c1
  if (failed(verifyArguments(*this, "body", getBody(), {})) ||
      failed(verifyArguments(*this, "catch", getCatchRegion(),
                             RecordType::getError(getContext()))))
    return failure();
  for (Region &region : (*this)->getRegions())
    // agent_try_c2
    if (failed(verifyYield(*this, region, getResultTypes())))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// vote
//===----------------------------------------------------------------------===//

LogicalResult VoteOp::verify() {
  // agent_vote_c1
  if (getNAttr().getInt() < 1)
    return emitOpError("has n = ")
           << getNAttr().getInt() << ", expected at least 1";
  // agent_vote_c2
  if (getQuorumAttr() && getReduce() != VoteReduce::Majority)
    return emitOpError("has a quorum and reduces by ")
           << stringifyVoteReduce(getReduce()) << ", expected majority";
  if (getQuorumAttr() && (getQuorumAttr().getInt() < 1 ||
                          getQuorumAttr().getInt() > getNAttr().getInt()))
    return emitOpError("has quorum = ")
           << getQuorumAttr().getInt() << ", expected from 1 to n = "
           << getNAttr().getInt();
  // agent_vote_c3
  if (getCancelRest() && !getQuorumAttr())
    return emitOpError("has cancel_rest and no quorum, so that nothing is "
                       "left to cancel; add quorum(..)");
  // agent_vote_c4
  Type type = getResult().getType();
  bool isNumber = type.isF64() || type.isSignlessInteger(64);
  bool fits = getReduce() == VoteReduce::Majority ? isPrintableType(type)
              : getReduce() == VoteReduce::Mean   ? type.isF64()
                                                  : isNumber;
  if (!fits)
    return emitOpError("gives ")
           << type << " by " << stringifyVoteReduce(getReduce())
           << ", expected "
           << (getReduce() == VoteReduce::Majority ? "a printable value"
               : getReduce() == VoteReduce::Mean   ? "f64"
                                                   : "i64 or f64");
  return success();
}

LogicalResult VoteOp::verifyRegions() {
  // agent_vote_c5
  Type i64 = IntegerType::get(getContext(), 64);
  if (failed(verifyArguments(*this, "body", getBody(), i64)))
    return failure();
  // agent_vote_c6: the mean of i64 is f64
  Operation *last = &getBody().front().back();
  if (getReduce() == VoteReduce::Mean && isa<YieldOp>(last) &&
      last->getOperandTypes() == TypeRange(i64))
    return success();
  return verifyYield(*this, getBody(), getResult().getType());
}

LogicalResult ThrowOp::verify() {
  // agent_throw_c1
  if (getKind().empty())
    return emitOpError("has an empty kind; give a word that 'agent.try' can "
                       "tell errors apart by");
  return success();
}
