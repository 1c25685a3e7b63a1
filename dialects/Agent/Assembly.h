//===- Assembly.h - assembly shared by the dialects -------------*- C++ -*-===//

#ifndef AGENTC_DIALECTS_AGENT_ASSEMBLY_H
#define AGENTC_DIALECTS_AGENT_ASSEMBLY_H

#include "dialects/Agent/Agent.h"

namespace agentc::agent {

/// `(name = %value : type, ...)`, the directive custom<NamedOperands>.
mlir::ParseResult parseNamedOperands(
    mlir::OpAsmParser &parser, mlir::ArrayAttr &names,
    llvm::SmallVectorImpl<mlir::OpAsmParser::UnresolvedOperand> &operands,
    llvm::SmallVectorImpl<mlir::Type> &types);
void printNamedOperands(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                        mlir::ArrayAttr names, mlir::OperandRange operands,
                        mlir::TypeRange types);

} // namespace agentc::agent

#endif // AGENTC_DIALECTS_AGENT_ASSEMBLY_H
