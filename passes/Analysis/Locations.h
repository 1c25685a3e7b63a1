//===- Locations.h - Where values live --------------------------*- C++ -*-===//
//
// A stage leaves its results on its device class. What the orchestrator holds
// (arguments, results of data operations and of control flow) is nowhere: every
// class takes it from there. A sequence is always on a class, also when control
// flow hands it on.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_LOCATIONS_H
#define AGENTC_PASSES_ANALYSIS_LOCATIONS_H

#include "dialects/Stage/Stage.h"

namespace agentc {

/// The placement of `op`, or null.
stage::PlacementAttr getPlacement(mlir::Operation *op);

/// The placement that `value` lives at, or null when the orchestrator holds it
/// or nothing is placed yet. Of what control flow hands on, the first value
/// that it may hand on decides (the start of a loop, the first region).
stage::PlacementAttr getLocation(mlir::Value value);

/// Whether `use` needs its value on the class of the operation: not the handle
/// of a call, and not what is only waited for.
bool isLocated(mlir::OpOperand &use);

/// Whether `op` only keeps the books of its sequence, and so runs beside it.
bool followsSequence(mlir::Operation *op);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_LOCATIONS_H
