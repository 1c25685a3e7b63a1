//===- StageBodies.cpp - The generated bodies of the operations ----===//

#include "dialects/Agent/Assembly.h"
#include "dialects/Stage/Stage.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace agentc::stage;

// The directive custom<NamedOperands> is the agent dialect's.
using agentc::agent::parseNamedOperands;
using agentc::agent::printNamedOperands;

#define GET_OP_CLASSES
#include "dialects/Stage/StageOps.cpp.inc"

void StageDialect::registerOperations() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Stage/StageOps.cpp.inc"
      >();
}
