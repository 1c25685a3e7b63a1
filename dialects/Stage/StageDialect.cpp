//===- StageDialect.cpp - Registration of the stage dialect ---------------===//

#include "dialects/Stage/Stage.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace agentc::stage;

#include "dialects/Stage/StageDialect.cpp.inc"
#include "dialects/Stage/StageInterfaces.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Stage/StageTypes.cpp.inc"

void StageDialect::initialize() {
  registerAttributes();
  registerOperations();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Stage/StageTypes.cpp.inc"
      >();
}

LogicalResult
HandleType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   Type valueType) {
  // handle_c1
  if (!agent::isValueType(valueType) ||
      isa<StageDialect>(valueType.getDialect()))
    return emitError() << "value type of a handle is " << valueType
                       << ", expected a value type of the agent dialect";
  return success();
}
