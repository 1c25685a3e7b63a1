//===- OpIds.h - Numbers of stage operations --------------------*- C++ -*-===//
//
// Every operation of the stage dialect carries a number that is unique in its
// module; plans, traces and explanations name operations by it. split-calls
// gives the first numbers, a later pass that adds an operation takes the next.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_OPIDS_H
#define AGENTC_PASSES_ANALYSIS_OPIDS_H

#include "dialects/Stage/Stage.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <algorithm>

namespace agentc {

class OpIds {
public:
  explicit OpIds(mlir::Operation *module) {
    module->walk([&](mlir::Operation *op) {
      if (auto id = op->getAttrOfType<mlir::IntegerAttr>(kName))
        next = std::max(next, id.getInt() + 1);
    });
  }

  /// The next free number.
  int64_t take() { return next++; }

  /// Numbers `op`, which must belong to the stage dialect, unless it has one.
  void number(mlir::Operation *op) {
    if (op->hasAttr(kName))
      return;
    auto type = mlir::IntegerType::get(op->getContext(), 64);
    op->setAttr(kName, mlir::IntegerAttr::get(type, take()));
  }

private:
  static constexpr llvm::StringLiteral kName = "op_id";
  int64_t next = 0;
};

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_OPIDS_H
