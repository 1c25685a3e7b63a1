/*===- StageCAPI.h - C API of the stage dialect -------------------*- C -*-===*/

#ifndef AGENTC_DIALECTS_CAPI_STAGECAPI_H
#define AGENTC_DIALECTS_CAPI_STAGECAPI_H

#include "dialects/CAPI/Agentc.h"

#ifdef __cplusplus
extern "C" {
#endif

AGENTC_DECLARE_TYPE(Tokens)
AGENTC_DECLARE_TYPE(Kv)
AGENTC_DECLARE_TYPE(Handle)
MLIR_CAPI_EXPORTED MlirType agentcTokensTypeGet(MlirContext context);
MLIR_CAPI_EXPORTED MlirType agentcKvTypeGet(MlirContext context);
MLIR_CAPI_EXPORTED MlirType agentcHandleTypeGetChecked(MlirLocation loc,
                                                       MlirType value);
MLIR_CAPI_EXPORTED MlirType agentcHandleTypeGetValue(MlirType type);

AGENTC_DECLARE_ATTR(Placement)
AGENTC_DECLARE_ATTR(Work)

/** counts: replicas, tp, pp, max_batch. */
MLIR_CAPI_EXPORTED MlirAttribute agentcPlacementAttrGetChecked(
    MlirLocation loc, MlirStringRef device, const int64_t counts[4],
    MlirStringRef precision);
MLIR_CAPI_EXPORTED MlirStringRef
agentcPlacementAttrGetDevice(MlirAttribute attr);
MLIR_CAPI_EXPORTED MlirStringRef
agentcPlacementAttrGetPrecision(MlirAttribute attr);
MLIR_CAPI_EXPORTED int64_t agentcPlacementAttrGetCount(MlirAttribute attr,
                                                       intptr_t i);

/** values: flops, bytes_read, bytes_written, state_bytes, comm_bytes, calls. */
MLIR_CAPI_EXPORTED MlirAttribute
agentcWorkAttrGetChecked(MlirLocation loc, const double values[6]);
MLIR_CAPI_EXPORTED double agentcWorkAttrGetValue(MlirAttribute attr,
                                                 intptr_t i);

#ifdef __cplusplus
}
#endif

#endif /* AGENTC_DIALECTS_CAPI_STAGECAPI_H */
