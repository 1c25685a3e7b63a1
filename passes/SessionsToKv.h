//===- SessionsToKv.h - Sessions become KV snapshots ------------*- C++ -*-===//

#ifndef AGENTC_PASSES_SESSIONSTOKV_H
#define AGENTC_PASSES_SESSIONSTOKV_H

#include "dialects/Agent/Agent.h"

namespace agentc {

/// Gives every `!agent.session` of the graph (in lists and in the graph's own
/// type too) the type `!stage.kv`.
void sessionsToKv(agent::GraphOp graph);

/// Puts a `stage.kv.fork` before every user of a snapshot that is not its only
/// one or that runs several times, so that none is extended twice. Returns how
/// many.
unsigned forkSharedKv(agent::GraphOp graph);

} // namespace agentc

#endif // AGENTC_PASSES_SESSIONSTOKV_H
