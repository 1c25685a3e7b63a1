#include "dialects/Agent/Agent.h"
using namespace mlir;
using namespace agentc::agent;
#define V(X) LogicalResult X::verify() { return success(); }
#define S(X) LogicalResult X::verifySymbolUses(SymbolTableCollection &) { return success(); }
#define E(X) void X::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &e) { e.emplace_back(MemoryEffects::Write::get()); }
V(PromptOp) V(GenerateOp) V(EmbedOp) V(RetrieveOp) V(RerankOp) V(AwaitEventOp) V(ModuleOp) V(OpenSessionOp) V(AppendSessionOp)
S(GenerateOp) S(ParseOp) S(EmbedOp) S(RetrieveOp) S(RerankOp) S(CallToolOp) S(ModuleOp) S(OpenSessionOp)
E(GenerateOp) E(ParseOp) E(CallToolOp) E(AwaitEventOp) E(OpenSessionOp) E(AppendSessionOp)
void PromptOp::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
LogicalResult GenerateOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, GenerateOp::Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(TextType::get(context));
  if (adaptor.getSession())
    types.push_back(SessionType::get(context));
  return success();
}
