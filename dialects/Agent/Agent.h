//===- Agent.h - the agent dialect ------------------------------*- C++ -*-===//

#ifndef AGENTC_DIALECTS_AGENT_AGENT_H
#define AGENTC_DIALECTS_AGENT_AGENT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace agentc::agent {

/// Whether the type may be that of an operand or a result of this dialect.
bool isValueType(mlir::Type type);

/// Whether a value of the type can fill a placeholder of a prompt.
bool isPrintableType(mlir::Type type);

/// Whether `agent.constant` can give `value` the type `type`.
bool isConstantOf(mlir::Attribute value, mlir::Type type);

/// The element type of a list or docs type; null for any other.
mlir::Type getElementType(mlir::Type listOrDocs);

} // namespace agentc::agent

#include "dialects/Agent/AgentDialect.h.inc"
#include "dialects/Agent/AgentEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Agent/AgentAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Agent/AgentTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Agent/AgentOps.h.inc"

#endif // AGENTC_DIALECTS_AGENT_AGENT_H
