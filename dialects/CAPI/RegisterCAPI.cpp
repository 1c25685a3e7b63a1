//===- RegisterCAPI.cpp - dialects and passes for the bindings ------------===//

#include "dialects/CAPI/Agentc.h"

#include "dialects/Agent/Agent.h"
#ifdef AGENTC_HAVE_STAGE
#include "dialects/Stage/Stage.h"
#endif
#ifdef AGENTC_HAVE_PASSES
#include "passes/Passes.h"
#endif

#include "mlir/CAPI/IR.h"

void agentcRegisterDialects(MlirDialectRegistry registry) {
  unwrap(registry)->insert<agentc::agent::AgentDialect>();
#ifdef AGENTC_HAVE_STAGE
  unwrap(registry)->insert<agentc::stage::StageDialect>();
#endif
}

void agentcRegisterPasses() {
#ifdef AGENTC_HAVE_PASSES
  agentc::registerAgentcPasses();
#endif
}
