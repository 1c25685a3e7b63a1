//===- StageOps.td - Operations of the stage dialect -------*- tablegen -*-===//
//
// Spec: docs/spec-stage.md. The labels (tokenize_c1, ...)
// are those of the spec, the verifier and the negative tests.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_STAGE_OPS
#define AGENTC_STAGE_OPS

include "dialects/Stage/StageModelOps.td"
include "dialects/Stage/StageSequenceOps.td"
include "dialects/Stage/StageToolOps.td"

#endif // AGENTC_STAGE_OPS
