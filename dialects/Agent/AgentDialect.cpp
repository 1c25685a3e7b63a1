//===- AgentDialect.cpp - registration of the agent dialect ---------------===//

#include "dialects/Agent/Agent.h"

using namespace mlir;
using namespace agentc::agent;

#include "dialects/Agent/AgentDialect.cpp.inc"

void AgentDialect::initialize() {
  registerAttributes();
  registerTypes();
  registerOperations();
}

Operation *AgentDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  if (!isConstantOf(value, type))
    return nullptr;
  return ConstantOp::create(builder, loc, type, value);
}
