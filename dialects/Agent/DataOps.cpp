#include "dialects/Agent/Agent.h"
using namespace mlir;
using namespace agentc::agent;
#define V(X) LogicalResult X::verify() { return success(); }
#define F(X) OpFoldResult X::fold(FoldAdaptor) { return {}; }
#define C(X) void X::getCanonicalizationPatterns(RewritePatternSet &, MLIRContext *) {}
V(ConstantOp) V(MakeRecordOp) V(MakeListOp) V(ConcatOp) V(CompareOp)
F(GetFieldOp) F(MakeRecordOp) F(MakeListOp) F(GetItemOp) F(LengthOp) F(ConcatOp) F(FlattenOp) F(CompareOp) F(BinaryOp) F(AndOp) F(OrOp) F(NotOp)
C(ConcatOp) C(FlattenOp)
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
LogicalResult GetFieldOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  Type type = cast<RecordType>(adaptor.getRecord().getType()).getFieldType(adaptor.getField());
  if (!type) return emitOptionalError(loc, "no such field");
  types.push_back(type);
  return success();
}
LogicalResult GetItemOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(getElementType(adaptor.getList().getType()));
  return success();
}
LogicalResult FlattenOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(getElementType(adaptor.getList().getType()));
  return success();
}
