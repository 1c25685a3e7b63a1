#ifndef AGENTC_BINDINGS_AGENT_TD
#define AGENTC_BINDINGS_AGENT_TD
include "dialects/Agent/AgentOps.td"
#endif
