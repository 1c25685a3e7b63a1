//===- Effects.cpp - memory effects of the agent dialect ------------------===//

#include "dialects/Agent/Agent.h"
#include "dialects/Agent/Resources.h"

using namespace mlir;
using namespace agentc::agent;

using Effects = SmallVectorImpl<MemoryEffects::EffectInstance>;

static void allocate(Effects &effects, Value result,
                     SideEffects::Resource *resource) {
  effects.emplace_back(MemoryEffects::Allocate::get(), cast<OpResult>(result),
                       resource);
}

bool agentc::agent::drawsSamples(Operation *op) {
  auto draws = [](Operation *nested) {
    auto interface = dyn_cast<MemoryEffectOpInterface>(nested);
    SmallVector<MemoryEffects::EffectInstance> effects;
    if (interface)
      interface.getEffectsOnResource(SamplingResource::get(), effects);
    return effects.empty() ? WalkResult::advance() : WalkResult::interrupt();
  };
  return op->walk(draws).wasInterrupted();
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void BreakIfOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), ControlResource::get());
}

void ThrowOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), ControlResource::get());
}

void ParseOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), ControlResource::get());
}

void AwaitEventOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(),
                       FlatSymbolRefAttr::get(getEventAttr()),
                       EventResource::get());
}

//===----------------------------------------------------------------------===//
// Models and sessions
//===----------------------------------------------------------------------===//

void GenerateOp::getEffects(Effects &effects) {
  if (!isGreedy())
    allocate(effects, getText(), SamplingResource::get());
  if (getSessionOut())
    allocate(effects, getSessionOut(), SessionResource::get());
}

void OpenSessionOp::getEffects(Effects &effects) {
  allocate(effects, getSession(), SessionResource::get());
}

void AppendSessionOp::getEffects(Effects &effects) {
  allocate(effects, getResult(), SessionResource::get());
}

//===----------------------------------------------------------------------===//
// Tools
//===----------------------------------------------------------------------===//

static void addNamed(Effects &effects, MemoryEffects::Effect *effect,
                     std::optional<ArrayAttr> names) {
  if (!names)
    return;
  for (auto name : names->getAsRange<StringAttr>())
    effects.emplace_back(effect, FlatSymbolRefAttr::get(name),
                         ToolResource::get());
}

/// A tool has the effects it declares; one that declares none and is not pure
/// may read and write anything.
void CallToolOp::getEffects(Effects &effects) {
  auto tool =
      SymbolTable::lookupNearestSymbolFrom<ToolOp>(*this, getToolAttr());
  if (tool && tool.getToolClass() == ToolClass::Pure)
    return;
  if (tool) {
    addNamed(effects, MemoryEffects::Read::get(), tool.getReads());
    addNamed(effects, MemoryEffects::Write::get(), tool.getWrites());
  }
  bool acts = !tool || tool.getToolClass() != ToolClass::Idempotent;
  if (effects.empty() || (acts && !tool.getWrites())) {
    effects.emplace_back(MemoryEffects::Read::get(), ToolResource::get());
    effects.emplace_back(MemoryEffects::Write::get(), ToolResource::get());
  }
}
