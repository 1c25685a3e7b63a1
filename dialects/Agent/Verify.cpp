//===- Verify.cpp - checks that several operations share ------------------===//

#include "dialects/Agent/Verify.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace agentc::agent;

std::optional<StringRef> agentc::agent::findRepeated(ArrayAttr strings) {
  llvm::StringSet<> seen;
  for (auto string : strings.getAsRange<StringAttr>())
    if (string.empty() || !seen.insert(string).second)
      return string.getValue();
  return std::nullopt;
}

LogicalResult agentc::agent::verifyProbability(Operation *op, StringRef what,
                                               std::optional<APFloat> value) {
  if (!value)
    return success();
  double p = value->convertToDouble();
  if (p >= 0 && p <= 1)
    return success();
  return op->emitOpError() << "has " << what << " = " << p
                           << ", expected a probability from 0 to 1";
}

LogicalResult agentc::agent::verifyPositive(Operation *op, StringRef what,
                                            std::optional<APFloat> value) {
  if (!value || (value->isFinite() && value->convertToDouble() > 0))
    return success();
  return op->emitOpError() << "has " << what << " = "
                           << value->convertToDouble()
                           << ", expected a finite number > 0";
}

ModelOp agentc::agent::lookupModel(Operation *op, FlatSymbolRefAttr name,
                                   ArrayRef<ModelKind> kinds,
                                   SymbolTableCollection &symbols) {
  auto model = lookup<ModelOp>(op, name, symbols);
  if (!model || llvm::is_contained(kinds, model.getKind()))
    return model;
  InFlightDiagnostic error = op->emitOpError();
  error << "refers to " << name << ", a model of kind "
        << stringifyModelKind(model.getKind()) << ", expected ";
  llvm::interleave(
      kinds, error,
      [&](ModelKind kind) { error << stringifyModelKind(kind); }, " or ");
  return nullptr;
}
