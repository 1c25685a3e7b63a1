//===- Resources.h - what operations have effects on ------------*- C++ -*-===//

#ifndef AGENTC_DIALECTS_AGENT_RESOURCES_H
#define AGENTC_DIALECTS_AGENT_RESOURCES_H

#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace agentc::agent {

/// Conversations. Opening or extending one allocates a new session value, so
/// that equal calls are not merged while unused ones may go.
struct SessionResource
    : mlir::SideEffects::Resource::Base<SessionResource> {
  llvm::StringRef getName() final { return "agent.session"; }
};

/// Random draws. A draw allocates its result, for the same reason.
struct SamplingResource
    : mlir::SideEffects::Resource::Base<SamplingResource> {
  llvm::StringRef getName() final { return "agent.sampling"; }
};

/// The world outside, as tools see it. The effect's symbol is the name of the
/// tool's resource; none means all of it.
struct ToolResource : mlir::SideEffects::Resource::Base<ToolResource> {
  llvm::StringRef getName() final { return "agent.tool"; }
};

/// Events from people and other systems; the symbol is the event's name.
struct EventResource : mlir::SideEffects::Resource::Base<EventResource> {
  llvm::StringRef getName() final { return "agent.event"; }
};

/// Which operation runs next: throwing and breaking.
struct ControlResource
    : mlir::SideEffects::Resource::Base<ControlResource> {
  llvm::StringRef getName() final { return "agent.control"; }
};

/// Whether the operation, or one inside it, draws random numbers. Its seed
/// depends on the indices of the loops around it, so it may not change loop.
bool drawsSamples(mlir::Operation *op);

} // namespace agentc::agent

#endif // AGENTC_DIALECTS_AGENT_RESOURCES_H
