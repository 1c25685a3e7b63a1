//===- AgentCAPI.cpp - types and attributes of agent for the bindings -----===//

#include "dialects/CAPI/Agentc.h"

#include "dialects/Agent/Agent.h"

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"

using namespace mlir;
using namespace agentc::agent;

#define DEFINE_TYPE(NAME)                                                      \
  bool agentcTypeIsA##NAME(MlirType type) {                                    \
    return isa<NAME##Type>(unwrap(type));                                      \
  }                                                                            \
  MlirTypeID agentc##NAME##TypeGetTypeID() {                                   \
    return wrap(NAME##Type::getTypeID());                                      \
  }
DEFINE_TYPE(Text)
DEFINE_TYPE(Docs)
DEFINE_TYPE(Session)
DEFINE_TYPE(List)
DEFINE_TYPE(Embedding)
DEFINE_TYPE(Record)

#define DEFINE_ATTR(NAME)                                                      \
  bool agentcAttrIsA##NAME(MlirAttribute attr) {                               \
    return isa<NAME##Attr>(unwrap(attr));                                      \
  }                                                                            \
  MlirTypeID agentc##NAME##AttrGetTypeID() {                                   \
    return wrap(NAME##Attr::getTypeID());                                      \
  }
DEFINE_ATTR(Dist)
DEFINE_ATTR(Sla)
DEFINE_ATTR(Budget)

static auto errorAt(MlirLocation loc) {
  return [loc] { return emitError(unwrap(loc)); };
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

MlirType agentcTextTypeGet(MlirContext context) {
  return wrap(TextType::get(unwrap(context)));
}
MlirType agentcDocsTypeGet(MlirContext context) {
  return wrap(DocsType::get(unwrap(context)));
}
MlirType agentcDocsTypeGetPassage(MlirType type) {
  return wrap(cast<DocsType>(unwrap(type)).getPassageType());
}
MlirType agentcSessionTypeGet(MlirContext context) {
  return wrap(SessionType::get(unwrap(context)));
}

MlirType agentcListTypeGetChecked(MlirLocation loc, MlirType element) {
  return wrap(ListType::getChecked(errorAt(loc), unwrap(loc).getContext(),
                                   unwrap(element)));
}
MlirType agentcListTypeGetElement(MlirType type) {
  return wrap(cast<ListType>(unwrap(type)).getElementType());
}

MlirType agentcEmbeddingTypeGetChecked(MlirLocation loc, int64_t dim) {
  return wrap(
      EmbeddingType::getChecked(errorAt(loc), unwrap(loc).getContext(), dim));
}
int64_t agentcEmbeddingTypeGetDim(MlirType type) {
  return cast<EmbeddingType>(unwrap(type)).getDim();
}

MlirType agentcRecordTypeGetChecked(MlirLocation loc, MlirStringRef name,
                                    intptr_t count,
                                    const MlirStringRef *fieldNames,
                                    const MlirType *fieldTypes) {
  MLIRContext *context = unwrap(loc).getContext();
  SmallVector<StringAttr> names;
  SmallVector<Type> types;
  for (intptr_t i = 0; i < count; ++i) {
    names.push_back(StringAttr::get(context, unwrap(fieldNames[i])));
    types.push_back(unwrap(fieldTypes[i]));
  }
  return wrap(RecordType::getChecked(errorAt(loc), context, unwrap(name),
                                     ArrayRef<StringAttr>(names),
                                     ArrayRef<Type>(types)));
}
MlirStringRef agentcRecordTypeGetName(MlirType type) {
  return wrap(cast<RecordType>(unwrap(type)).getName());
}
intptr_t agentcRecordTypeGetNumFields(MlirType type) {
  return cast<RecordType>(unwrap(type)).getFieldNames().size();
}
MlirStringRef agentcRecordTypeGetFieldName(MlirType type, intptr_t i) {
  return wrap(cast<RecordType>(unwrap(type)).getFieldNames()[i].getValue());
}
MlirType agentcRecordTypeGetFieldType(MlirType type, intptr_t i) {
  return wrap(cast<RecordType>(unwrap(type)).getFieldTypes()[i]);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

MlirAttribute agentcDistAttrGetChecked(MlirLocation loc, MlirStringRef kind,
                                       intptr_t numValues, const double *values,
                                       intptr_t numWeights,
                                       const double *weights,
                                       MlirStringRef provenance) {
  MLIRContext *context = unwrap(loc).getContext();
  std::optional<DistKind> k = symbolizeDistKind(unwrap(kind));
  std::optional<Provenance> p = symbolizeProvenance(unwrap(provenance));
  if (!k || !p) {
    emitError(unwrap(loc)) << "unknown "
                           << (k ? "provenance '" : "distribution '")
                           << unwrap(k ? provenance : kind) << "'";
    return {nullptr};
  }
  DenseF64ArrayAttr w;
  if (numWeights)
    w = DenseF64ArrayAttr::get(context, ArrayRef(weights, numWeights));
  return wrap(DistAttr::getChecked(
      errorAt(loc), context, *k,
      DenseF64ArrayAttr::get(context, ArrayRef(values, numValues)), w, *p));
}
MlirStringRef agentcDistAttrGetKind(MlirAttribute attr) {
  return wrap(stringifyDistKind(cast<DistAttr>(unwrap(attr)).getKind()));
}
MlirStringRef agentcDistAttrGetProvenance(MlirAttribute attr) {
  return wrap(
      stringifyProvenance(cast<DistAttr>(unwrap(attr)).getProvenance()));
}
MlirAttribute agentcDistAttrGetValues(MlirAttribute attr) {
  return wrap(cast<DistAttr>(unwrap(attr)).getValues());
}
MlirAttribute agentcDistAttrGetWeights(MlirAttribute attr) {
  return wrap(cast<DistAttr>(unwrap(attr)).getWeights());
}
double agentcDistAttrGetMean(MlirAttribute attr) {
  return cast<DistAttr>(unwrap(attr)).getMean();
}
double agentcDistAttrGetQuantile(MlirAttribute attr, double q) {
  return cast<DistAttr>(unwrap(attr)).getQuantile(q);
}

MlirAttribute agentcSlaAttrGetChecked(MlirLocation loc,
                                      const MlirAttribute values[5]) {
  auto at = [&](int i) {
    return dyn_cast_or_null<FloatAttr>(unwrap(values[i]));
  };
  return wrap(SlaAttr::getChecked(errorAt(loc), unwrap(loc).getContext(), at(0),
                                  at(1), at(2), at(3), at(4)));
}
MlirAttribute agentcSlaAttrGetValue(MlirAttribute attr, intptr_t i) {
  auto sla = cast<SlaAttr>(unwrap(attr));
  FloatAttr values[] = {sla.getP50S(), sla.getP95S(), sla.getP99S(),
                        sla.getTtftP95S(), sla.getAvailability()};
  return wrap(values[i]);
}

MlirAttribute agentcBudgetAttrGetChecked(MlirLocation loc,
                                         const MlirAttribute values[3]) {
  return wrap(BudgetAttr::getChecked(
      errorAt(loc), unwrap(loc).getContext(),
      dyn_cast_or_null<FloatAttr>(unwrap(values[0])),
      dyn_cast_or_null<IntegerAttr>(unwrap(values[1])),
      dyn_cast_or_null<FloatAttr>(unwrap(values[2]))));
}
MlirAttribute agentcBudgetAttrGetValue(MlirAttribute attr, intptr_t i) {
  auto budget = cast<BudgetAttr>(unwrap(attr));
  Attribute values[] = {budget.getUsd(), budget.getTokens(),
                        budget.getWallS()};
  return wrap(values[i]);
}
