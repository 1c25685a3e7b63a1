//===- Normalize.cpp - The form that all other passes expect --------------===//

#include "dialects/Agent/Agent.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace agentc {
#define GEN_PASS_DEF_NORMALIZEPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

static constexpr StringLiteral kLabel = "label";
static constexpr StringLiteral kSite = "site";

static unsigned countOps(Operation *root) {
  unsigned count = 0;
  root->walk([&](Operation *) { ++count; });
  return count;
}

// What a call is named after when its user did not name it; empty for an
// operation that has no label.
static StringRef getDefaultLabel(Operation *op) {
  return llvm::TypeSwitch<Operation *, StringRef>(op)
      .Case<agent::GenerateOp, agent::EmbedOp, agent::RerankOp,
            agent::ModuleOp>([](auto call) { return call.getModel(); })
      .Case([](agent::RetrieveOp call) { return call.getIndex(); })
      .Case([](agent::CallToolOp call) { return call.getTool(); })
      .Case([](agent::AwaitEventOp event) { return event.getEvent(); })
      .Default(StringRef());
}

namespace {
/// Takes off what tells equal pure calls apart without a meaning for them: the
/// label, and the site of a greedy call, which draws no numbers.
class Nameless {
public:
  explicit Nameless(agent::GraphOp graph) : graph(graph) {
    graph.walk([&](Operation *op) {
      if (!isMemoryEffectFree(op) || op->getNumRegions() > 0)
        return;
      for (StringRef name : {kLabel, kSite})
        if (Attribute value = op->getAttr(name)) {
          taken.push_back({op, name, value});
          op->removeAttr(name);
        }
    });
  }

  /// Puts it back on the calls that are left. Nothing may be created between.
  ~Nameless() {
    llvm::DenseSet<Operation *> left;
    graph.walk([&](Operation *op) { left.insert(op); });
    for (auto &[op, name, value] : taken)
      if (left.contains(op))
        op->setAttr(name, value);
  }

private:
  agent::GraphOp graph;
  SmallVector<std::tuple<Operation *, StringRef, Attribute>> taken;
};

struct NormalizePass : agentc::impl::NormalizePassBase<NormalizePass> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet owned(context);
    StringRef dialect = agent::AgentDialect::getDialectNamespace();
    for (RegisteredOperationName op : context->getRegisteredOperations())
      if (op.getDialectNamespace() == dialect)
        op.getCanonicalizationPatterns(owned, context);
    patterns = std::move(owned);
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(requireNoStages(module, getArgument())))
      return signalPassFailure();
    unsigned before = countOps(module);
    for (auto graph : module.getOps<agent::GraphOp>())
      if (failed(simplify(graph)))
        return signalPassFailure();
    for (auto graph : module.getOps<agent::GraphOp>()) {
      setSites(graph);
      setLabels(graph);
    }
    eraseUnusedSymbols(module);
    numOpsErased += before - std::min(before, countOps(module));
  }

  LogicalResult simplify(agent::GraphOp graph) {
    if (failed(applyPatternsGreedily(graph, patterns)))
      return graph.emitOpError("does not stop changing under its own "
                               "canonicalisations; please report this program");
    Nameless nameless(graph);
    IRRewriter rewriter(&getContext());
    DominanceInfo dominance(graph);
    eliminateCommonSubExpressions(rewriter, dominance, graph);
    return success();
  }

  // Existing numbers are kept, so that runs of a program stay comparable.
  void setSites(agent::GraphOp graph) {
    llvm::DenseSet<int64_t> taken;
    SmallVector<agent::GenerateOp> missing;
    graph.walk([&](agent::GenerateOp call) {
      if (std::optional<int64_t> site = call.getSite())
        taken.insert(*site);
      else
        missing.push_back(call);
    });
    int64_t next = 0;
    for (agent::GenerateOp call : missing) {
      while (!taken.insert(next).second)
        ++next;
      call.setSite(next);
      ++numSitesSet;
    }
  }

  void setLabels(agent::GraphOp graph) {
    llvm::StringSet<> taken;
    graph.walk([&](Operation *op) {
      if (auto label = op->getAttrOfType<StringAttr>(kLabel))
        taken.insert(label.getValue());
    });
    graph.walk([&](Operation *op) {
      StringRef wish = getDefaultLabel(op);
      if (wish.empty() || op->hasAttr(kLabel))
        return;
      std::string label = wish.str();
      for (unsigned i = 2; !taken.insert(label).second; ++i)
        label = (wish + "_" + Twine(i)).str();
      op->setAttr(kLabel, StringAttr::get(op->getContext(), label));
      ++numLabelsSet;
    });
  }

  // An index uses its embedder, so erasing one symbol can free another.
  void eraseUnusedSymbols(ModuleOp module) {
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation &op : llvm::make_early_inc_range(*module.getBody())) {
        if (!isa<agent::ModelOp, agent::ToolOp, agent::IndexOp,
                 agent::SchemaOp>(op) ||
            !SymbolTable::symbolKnownUseEmpty(&op, module))
          continue;
        op.erase();
        ++numSymbolsErased;
        changed = true;
      }
    }
  }

private:
  FrozenRewritePatternSet patterns;
};
} // namespace
