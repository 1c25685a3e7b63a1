//===- Stage.h - The stage dialect ------------------------------*- C++ -*-===//

#ifndef AGENTC_DIALECTS_STAGE_STAGE_H
#define AGENTC_DIALECTS_STAGE_STAGE_H

#include "dialects/Agent/Agent.h"
#include "dialects/Stage/Work.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Stage/StageDialect.h.inc"

namespace agentc::stage {

/// What operations act on that hold, move or give up KV pages. Not on this
/// resource: operations that only extend a snapshot, which are values.
struct KvResource : mlir::SideEffects::Resource::Base<KvResource> {
  llvm::StringRef getName() final { return "Kv"; }
};

/// The client that reads a streamed text while it is decoded.
struct StreamResource : mlir::SideEffects::Resource::Base<StreamResource> {
  llvm::StringRef getName() final { return "Stream"; }
};

} // namespace agentc::stage

#define GET_ATTRDEF_CLASSES
#include "dialects/Stage/StageAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Stage/StageTypes.h.inc"

#include "dialects/Stage/StageInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/Stage/StageOps.h.inc"

namespace agentc::stage {

/// Returns the model whose KV or tokens `value` is, when the operation that
/// made it can be seen from here; null when it comes in through a region.
mlir::FlatSymbolRefAttr getModelOf(mlir::Value value);

} // namespace agentc::stage

#endif // AGENTC_DIALECTS_STAGE_STAGE_H
