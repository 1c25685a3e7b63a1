#ifndef AGENTC_BINDINGS_STAGE_TD
#define AGENTC_BINDINGS_STAGE_TD
include "dialects/Stage/StageOps.td"
#endif
