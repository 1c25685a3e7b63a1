#include "dialects/Agent/Agent.h"
using namespace mlir;
using namespace agentc::agent;
#define V(X) LogicalResult X::verify() { return success(); }
V(ModelOp) V(ToolOp) V(IndexOp) V(SchemaOp) V(ReturnOp)
LogicalResult GraphOp::verifyRegions() { return success(); }
LogicalResult IndexOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
