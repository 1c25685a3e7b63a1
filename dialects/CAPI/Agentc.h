/*===- Agentc.h - C API of the dialects and passes ---------------*- C -*-===*/

#ifndef AGENTC_DIALECTS_CAPI_AGENTC_H
#define AGENTC_DIALECTS_CAPI_AGENTC_H

#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Puts every dialect that agentc uses into the registry. */
MLIR_CAPI_EXPORTED void agentcRegisterDialects(MlirDialectRegistry registry);
/** Registers the passes and pipelines, once for the process. */
MLIR_CAPI_EXPORTED void agentcRegisterPasses(void);
/** The program agentc-opt; gives its exit status. */
MLIR_CAPI_EXPORTED int agentcOptMain(int argc, char **argv);

/* Types. */
#define AGENTC_DECLARE_TYPE(NAME)                                              \
  MLIR_CAPI_EXPORTED bool agentcTypeIsA##NAME(MlirType type);                  \
  MLIR_CAPI_EXPORTED MlirTypeID agentc##NAME##TypeGetTypeID(void);
AGENTC_DECLARE_TYPE(Text)
AGENTC_DECLARE_TYPE(Docs)
AGENTC_DECLARE_TYPE(Session)
AGENTC_DECLARE_TYPE(List)
AGENTC_DECLARE_TYPE(Embedding)
AGENTC_DECLARE_TYPE(Record)

MLIR_CAPI_EXPORTED MlirType agentcTextTypeGet(MlirContext context);
MLIR_CAPI_EXPORTED MlirType agentcDocsTypeGet(MlirContext context);
MLIR_CAPI_EXPORTED MlirType agentcDocsTypeGetPassage(MlirType type);
MLIR_CAPI_EXPORTED MlirType agentcSessionTypeGet(MlirContext context);
/* The checked ones return null after reporting an error at the location. */
MLIR_CAPI_EXPORTED MlirType agentcListTypeGetChecked(MlirLocation loc,
                                                     MlirType element);
MLIR_CAPI_EXPORTED MlirType agentcListTypeGetElement(MlirType type);
MLIR_CAPI_EXPORTED MlirType agentcEmbeddingTypeGetChecked(MlirLocation loc,
                                                          int64_t dim);
MLIR_CAPI_EXPORTED int64_t agentcEmbeddingTypeGetDim(MlirType type);
MLIR_CAPI_EXPORTED MlirType agentcRecordTypeGetChecked(
    MlirLocation loc, MlirStringRef name, intptr_t count,
    const MlirStringRef *fieldNames, const MlirType *fieldTypes);
MLIR_CAPI_EXPORTED MlirStringRef agentcRecordTypeGetName(MlirType type);
MLIR_CAPI_EXPORTED intptr_t agentcRecordTypeGetNumFields(MlirType type);
MLIR_CAPI_EXPORTED MlirStringRef agentcRecordTypeGetFieldName(MlirType type,
                                                              intptr_t i);
MLIR_CAPI_EXPORTED MlirType agentcRecordTypeGetFieldType(MlirType type,
                                                         intptr_t i);

/* Attributes. Absent numbers are null attributes. */
#define AGENTC_DECLARE_ATTR(NAME)                                              \
  MLIR_CAPI_EXPORTED bool agentcAttrIsA##NAME(MlirAttribute attr);             \
  MLIR_CAPI_EXPORTED MlirTypeID agentc##NAME##AttrGetTypeID(void);
AGENTC_DECLARE_ATTR(Dist)
AGENTC_DECLARE_ATTR(Sla)
AGENTC_DECLARE_ATTR(Budget)

/** Null when the kind or the provenance is not a known keyword. */
MLIR_CAPI_EXPORTED MlirAttribute agentcDistAttrGetChecked(
    MlirLocation loc, MlirStringRef kind, intptr_t numValues,
    const double *values, intptr_t numWeights, const double *weights,
    MlirStringRef provenance);
MLIR_CAPI_EXPORTED MlirStringRef agentcDistAttrGetKind(MlirAttribute attr);
MLIR_CAPI_EXPORTED MlirStringRef
agentcDistAttrGetProvenance(MlirAttribute attr);
MLIR_CAPI_EXPORTED MlirAttribute agentcDistAttrGetValues(MlirAttribute attr);
MLIR_CAPI_EXPORTED MlirAttribute agentcDistAttrGetWeights(MlirAttribute attr);
MLIR_CAPI_EXPORTED double agentcDistAttrGetMean(MlirAttribute attr);
MLIR_CAPI_EXPORTED double agentcDistAttrGetQuantile(MlirAttribute attr,
                                                    double q);
/** values: p50_s, p95_s, p99_s, ttft_p95_s, availability. */
MLIR_CAPI_EXPORTED MlirAttribute
agentcSlaAttrGetChecked(MlirLocation loc, const MlirAttribute values[5]);
MLIR_CAPI_EXPORTED MlirAttribute agentcSlaAttrGetValue(MlirAttribute attr,
                                                       intptr_t i);
/** values: usd, tokens, wall_s. */
MLIR_CAPI_EXPORTED MlirAttribute
agentcBudgetAttrGetChecked(MlirLocation loc, const MlirAttribute values[3]);
MLIR_CAPI_EXPORTED MlirAttribute agentcBudgetAttrGetValue(MlirAttribute attr,
                                                          intptr_t i);

#ifdef __cplusplus
}
#endif

#endif /* AGENTC_DIALECTS_CAPI_AGENTC_H */
