//===- AgentOps.td - all operations of the agent dialect ---*- tablegen -*-===//

#ifndef AGENTC_AGENT_OPS_TD
#define AGENTC_AGENT_OPS_TD

include "dialects/Agent/AgentSymbolOps.td"
include "dialects/Agent/AgentControlOps.td"
include "dialects/Agent/AgentWorkOps.td"
include "dialects/Agent/AgentDataOps.td"

#endif
