//===- Verify.h - checks that several operations share ----------*- C++ -*-===//

#ifndef AGENTC_DIALECTS_AGENT_VERIFY_H
#define AGENTC_DIALECTS_AGENT_VERIFY_H

#include "dialects/Agent/Agent.h"

namespace agentc::agent {

/// The first string that is empty or stands twice; nothing when all differ.
std::optional<llvm::StringRef> findRepeated(mlir::ArrayAttr strings);

/// Reports a value of the attribute `what` below `least`.
template <typename Number>
mlir::LogicalResult verifyAtLeast(mlir::Operation *op, llvm::StringRef what,
                                  std::optional<Number> value, Number least) {
  if (!value || *value >= least)
    return mlir::success();
  return op->emitOpError() << "has " << what << " = " << *value
                           << ", expected at least " << least;
}

/// Reports a value of the attribute `what` that is no probability.
mlir::LogicalResult verifyProbability(mlir::Operation *op, llvm::StringRef what,
                                      std::optional<llvm::APFloat> value);

/// Reports a value that is not a finite number above 0.
mlir::LogicalResult verifyPositive(mlir::Operation *op, llvm::StringRef what,
                                   std::optional<llvm::APFloat> value);

/// Finds the symbol, or reports that there is none or that it is another kind
/// of operation; null then.
template <typename SymbolOp>
SymbolOp lookup(mlir::Operation *op, mlir::FlatSymbolRefAttr name,
                mlir::SymbolTableCollection &symbols) {
  mlir::Operation *found = symbols.lookupNearestSymbolFrom(op, name);
  if (auto symbol = llvm::dyn_cast_or_null<SymbolOp>(found))
    return symbol;
  mlir::InFlightDiagnostic error = op->emitOpError();
  error << "refers to " << name;
  if (!found)
    error << ", which is not declared; add '" << SymbolOp::getOperationName()
          << " " << name << "' to the module";
  else
    error << ", which is '" << found->getName() << "', expected '"
          << SymbolOp::getOperationName() << "'";
  return nullptr;
}

/// As above for a model of one of the kinds.
ModelOp lookupModel(mlir::Operation *op, mlir::FlatSymbolRefAttr name,
                    llvm::ArrayRef<ModelKind> kinds,
                    mlir::SymbolTableCollection &symbols);

} // namespace agentc::agent

#endif // AGENTC_DIALECTS_AGENT_VERIFY_H
