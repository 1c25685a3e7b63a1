#include "dialects/Agent/Agent.h"
using namespace mlir;
using namespace agentc::agent;
#define V(X) LogicalResult X::verify() { return success(); }
#define R(X) LogicalResult X::verifyRegions() { return success(); }
#define C(X) void X::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
V(CondOp) V(SwitchOp) V(LoopOp) V(BreakIfOp) V(MapOp) V(ParallelOp) V(VoteOp) V(RaceOp) V(ThrowOp)
R(CondOp) R(SwitchOp) R(LoopOp) R(MapOp) R(ParallelOp) R(VoteOp) R(RaceOp) R(TryOp)
C(CondOp) C(SwitchOp) C(LoopOp) C(BreakIfOp) C(ParallelOp)
void BreakIfOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &e) { e.emplace_back(MemoryEffects::Write::get()); }
void ThrowOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &e) { e.emplace_back(MemoryEffects::Write::get()); }
