//===- InferPrefixes.cpp - Find calls whose token streams begin alike -----===//

#include "passes/Analysis/Prefixes.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"

namespace agentc {
#define GEN_PASS_DEF_INFERPREFIXESPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

static constexpr StringLiteral kGroup = "prefix_group";
static constexpr StringLiteral kShared = "shared_pieces";

namespace {
struct InferPrefixesPass
    : agentc::impl::InferPrefixesPassBase<InferPrefixesPass> {
  using InferPrefixesPassBase::InferPrefixesPassBase;

  void runOnOperation() override {
    if (failed(requireNoStages(getOperation(), getArgument())))
      return signalPassFailure();
    int64_t number = 0;
    for (auto graph : getOperation().getOps<agent::GraphOp>())
      annotate(graph, number);
  }

  // Facts of an earlier run may be stale, so they go first.
  void annotate(agent::GraphOp graph, int64_t &number) {
    std::vector<PrefixCall> calls;
    graph.walk([&](agent::GenerateOp op) {
      op->removeDiscardableAttr(kGroup);
      op->removeDiscardableAttr(kShared);
      calls.push_back(getPrefixCall(op));
    });
    Builder builder(&getContext());
    for (const PrefixGroup &group : findPrefixGroups(calls, minChars)) {
      ++numGroups;
      for (size_t i : group.calls) {
        ++numMembers;
        calls[i].op->setDiscardableAttr(kGroup,
                                        builder.getI64IntegerAttr(number));
        calls[i].op->setDiscardableAttr(
            kShared, builder.getI64IntegerAttr(group.sharedPieces));
      }
      ++number;
    }
  }
};
} // namespace
