//===- StageCAPI.cpp - types and attributes of stage for the bindings -----===//

#include "dialects/CAPI/StageCAPI.h"

#include "dialects/Stage/Stage.h"

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"

using namespace mlir;
using namespace agentc::stage;

#define DEFINE_TYPE(NAME)                                                      \
  bool agentcTypeIsA##NAME(MlirType type) {                                    \
    return isa<NAME##Type>(unwrap(type));                                      \
  }                                                                            \
  MlirTypeID agentc##NAME##TypeGetTypeID() {                                   \
    return wrap(NAME##Type::getTypeID());                                      \
  }
DEFINE_TYPE(Tokens)
DEFINE_TYPE(Kv)
DEFINE_TYPE(Handle)

#define DEFINE_ATTR(NAME)                                                      \
  bool agentcAttrIsA##NAME(MlirAttribute attr) {                               \
    return isa<NAME##Attr>(unwrap(attr));                                      \
  }                                                                            \
  MlirTypeID agentc##NAME##AttrGetTypeID() {                                   \
    return wrap(NAME##Attr::getTypeID());                                      \
  }
DEFINE_ATTR(Placement)
DEFINE_ATTR(Work)

static auto errorAt(MlirLocation loc) {
  return [loc] { return emitError(unwrap(loc)); };
}

MlirType agentcTokensTypeGet(MlirContext context) {
  return wrap(TokensType::get(unwrap(context)));
}
MlirType agentcKvTypeGet(MlirContext context) {
  return wrap(KvType::get(unwrap(context)));
}
MlirType agentcHandleTypeGetChecked(MlirLocation loc, MlirType value) {
  return wrap(HandleType::getChecked(errorAt(loc), unwrap(loc).getContext(),
                                     unwrap(value)));
}
MlirType agentcHandleTypeGetValue(MlirType type) {
  return wrap(cast<HandleType>(unwrap(type)).getValueType());
}

MlirAttribute agentcPlacementAttrGetChecked(MlirLocation loc,
                                            MlirStringRef device,
                                            const int64_t counts[4],
                                            MlirStringRef precision) {
  return wrap(PlacementAttr::getChecked(
      errorAt(loc), unwrap(loc).getContext(), unwrap(device), counts[0],
      counts[1], counts[2], counts[3], unwrap(precision)));
}
MlirStringRef agentcPlacementAttrGetDevice(MlirAttribute attr) {
  return wrap(cast<PlacementAttr>(unwrap(attr)).getDevice());
}
MlirStringRef agentcPlacementAttrGetPrecision(MlirAttribute attr) {
  return wrap(cast<PlacementAttr>(unwrap(attr)).getPrecision());
}
int64_t agentcPlacementAttrGetCount(MlirAttribute attr, intptr_t i) {
  auto placement = cast<PlacementAttr>(unwrap(attr));
  int64_t counts[] = {placement.getReplicas(), placement.getTp(),
                      placement.getPp(), placement.getMaxBatch()};
  return counts[i];
}

MlirAttribute agentcWorkAttrGetChecked(MlirLocation loc,
                                       const double values[6]) {
  return wrap(WorkAttr::getChecked(
      errorAt(loc), unwrap(loc).getContext(), APFloat(values[0]),
      APFloat(values[1]), APFloat(values[2]), APFloat(values[3]),
      APFloat(values[4]), APFloat(values[5])));
}
double agentcWorkAttrGetValue(MlirAttribute attr, intptr_t i) {
  Work work = cast<WorkAttr>(unwrap(attr)).getWork();
  double values[] = {work.flops,      work.bytesRead, work.bytesWritten,
                     work.stateBytes, work.commBytes, work.calls};
  return values[i];
}
