//===- agentc-opt.cpp - the optimizer driver ------------------------------===//
//
// mlir-opt for the dialects and passes of this project. Only func and arith
// are registered beside them: nothing else is used at these levels.
//
//===----------------------------------------------------------------------===//

#include "dialects/Agent/Agent.h"
#ifdef AGENTC_HAVE_STAGE
#include "dialects/Stage/Stage.h"
#endif
#ifdef AGENTC_HAVE_PASSES
#include "passes/Passes.h"
#endif

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::registerTransformsPasses();
#ifdef AGENTC_HAVE_PASSES
  agentc::registerAgentcPasses();
#endif
  mlir::DialectRegistry registry;
  registry.insert<agentc::agent::AgentDialect, mlir::func::FuncDialect,
                  mlir::arith::ArithDialect>();
#ifdef AGENTC_HAVE_STAGE
  registry.insert<agentc::stage::StageDialect>();
#endif
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "agentc optimizer driver\n", registry));
}
