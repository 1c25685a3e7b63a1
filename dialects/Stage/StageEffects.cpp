//===- StageEffects.cpp - What the stage operations do besides values -----===//
//
// Extending a snapshot is pure. Opening and forking give something that only
// one user may extend, so two of them are never merged; closing, parking and
// resuming stay where they were put.
//
//===----------------------------------------------------------------------===//

#include "dialects/Agent/Resources.h"
#include "dialects/Stage/Stage.h"

using namespace mlir;
using namespace agentc;
using namespace agentc::stage;

using Effects = SmallVectorImpl<
    SideEffects::EffectInstance<MemoryEffects::Effect>>;

void KvOpenOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Allocate::get(),
                       getOperation()->getOpResult(0), KvResource::get());
}

void KvForkOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Allocate::get(),
                       getOperation()->getOpResult(0), KvResource::get());
}

void DecodeOp::getEffects(Effects &effects) {
  if (getTemperature().convertToDouble() > 0)
    effects.emplace_back(MemoryEffects::Allocate::get(),
                         getOperation()->getOpResult(0),
                         agent::SamplingResource::get());
  if (getStream())
    effects.emplace_back(MemoryEffects::Write::get(), StreamResource::get());
}

void KvParkOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), KvResource::get());
}

void KvResumeOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), KvResource::get());
}

void KvCloseOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Free::get(), &getKvMutable(),
                       KvResource::get());
}

// A call and its await do what the tool's class says. The await is kept even
// where nobody uses its value: it throws what the call threw.
void CallOp::getEffects(Effects &effects) {
  auto tool =
      SymbolTable::lookupNearestSymbolFrom<agent::ToolOp>(*this, getToolAttr());
  if (tool && tool.getToolClass() == agent::ToolClass::Pure)
    return;
  effects.emplace_back(MemoryEffects::Read::get(), agent::ToolResource::get());
  effects.emplace_back(MemoryEffects::Write::get(), agent::ToolResource::get());
}

void AwaitOp::getEffects(Effects &effects) {
  if (auto call = getHandle().getDefiningOp<CallOp>())
    return call.getEffects(effects);
  effects.emplace_back(MemoryEffects::Write::get(), agent::ToolResource::get());
}
