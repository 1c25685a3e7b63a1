//===- OptCAPI.cpp - the optimizer driver ---------------------------------===//
//
// Only func and arith are registered beside our dialects: nothing else is used
// at these levels.
//
//===----------------------------------------------------------------------===//

#include "dialects/CAPI/Agentc.h"

#include "mlir/CAPI/IR.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int agentcOptMain(int argc, char **argv) {
  mlir::registerTransformsPasses();
  agentcRegisterPasses();
  mlir::DialectRegistry registry;
  agentcRegisterDialects(wrap(&registry));
  registry.insert<mlir::func::FuncDialect, mlir::arith::ArithDialect>();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "agentc optimizer driver\n", registry));
}
