//===- OrderCalls.h - Program order between tool calls ----------*- C++ -*-===//

#ifndef AGENTC_PASSES_ORDERCALLS_H
#define AGENTC_PASSES_ORDERCALLS_H

#include "dialects/Agent/Agent.h"

namespace agentc {

/// Makes every call of a tool that is not pure wait (`after`) for the calls
/// before it and for what may throw before it. An operation with regions
/// stands for all that happens in it; it gets a result to wait for when it has
/// none. Returns the number of edges.
unsigned orderCalls(agent::GraphOp graph);

} // namespace agentc

#endif // AGENTC_PASSES_ORDERCALLS_H
