//===- HoistPrefixes.cpp - Compute a common prefix once -------------------===//

#include "dialects/Stage/Stage.h"
#include "passes/Analysis/OpIds.h"
#include "passes/Analysis/Prefixes.h"
#include "passes/Analysis/PromptPieces.h"
#include "passes/Levels.h"
#include "passes/Passes.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

#define DEBUG_TYPE "agentc-hoist-prefixes"

namespace agentc {
#define GEN_PASS_DEF_HOISTPREFIXESPASS
#include "passes/Passes.h.inc"
} // namespace agentc

using namespace mlir;
using namespace agentc;

static constexpr StringLiteral kGroup = "prefix_group";
static constexpr StringLiteral kShared = "shared_pieces";

namespace {
/// The first tokenize of a call and the prefill that it feeds.
struct Member {
  stage::TokenizeOp tokenize;
  stage::PrefillOp prefill;
  FilledTemplate pieces;
  /// What the prefix stands behind: null for an empty sequence.
  Value base;
};

/// Members that share their first `count` pieces.
struct Group {
  SmallVector<Member, 0> members;
  size_t count = 0;
};
} // namespace

//===----------------------------------------------------------------------===//
// Which calls belong together
//===----------------------------------------------------------------------===//

// The member that `tokenize` is of, or nothing when its tokens or its sequence
// serve somebody else too.
static std::optional<Member> getMember(stage::TokenizeOp tokenize) {
  if (!tokenize.getTokens().hasOneUse())
    return std::nullopt;
  auto prefill =
      dyn_cast<stage::PrefillOp>(*tokenize.getTokens().user_begin());
  if (!prefill || !prefill.getKv().hasOneUse())
    return std::nullopt;
  Member member{tokenize, prefill, FilledTemplate::of(tokenize), nullptr};
  Operation *origin = prefill.getKv().getDefiningOp();
  if (auto fork = dyn_cast_or_null<stage::KvForkOp>(origin)) {
    member.base = fork.getKv();
    return member;
  }
  auto open = dyn_cast_or_null<stage::KvOpenOp>(origin);
  if (!open || open.getSession())
    return std::nullopt;
  return member;
}

// Whether the leading piece `i` is the same text, or the same value, in both.
static bool isSamePiece(Member &a, Member &b, size_t i) {
  const Piece &pieceA = a.pieces.getPieces()[i];
  const Piece &pieceB = b.pieces.getPieces()[i];
  if (pieceA.kind != pieceB.kind || pieceA.spaces != pieceB.spaces)
    return false;
  if (pieceA.kind == Piece::Kind::Placeholder)
    return a.pieces.getValue(pieceA) == b.pieces.getValue(pieceB);
  return pieceA.text == pieceB.text;
}

// How many pieces of `member` may go: all only when another prefill follows,
// because a decode needs a token whose logits are computed behind the prefix.
static size_t getMost(Member &member) {
  size_t size = member.pieces.getPieces().size();
  Value kv = member.prefill.getKvOut();
  if (kv.hasOneUse() && isa<stage::PrefillOp>(*kv.user_begin()))
    return size;
  return size - std::min<size_t>(size, 1);
}

// The annotation proposes; what is shared is what is equal.
static size_t countEqualPieces(Group &group) {
  Member &first = group.members.front();
  size_t count = getMost(first);
  for (Member &member : group.members) {
    auto wanted = member.tokenize->getAttrOfType<IntegerAttr>(kShared);
    count = std::min<size_t>({count, getMost(member),
                              wanted ? size_t(wanted.getInt()) : 0});
    if (member.tokenize.getModelAttr() != first.tokenize.getModelAttr() ||
        member.base != first.base)
      return 0;
    for (size_t i = 0; i < count; ++i)
      if (!isSamePiece(first, member, i))
        count = i;
  }
  return count;
}

//===----------------------------------------------------------------------===//
// Where the prefix goes
//===----------------------------------------------------------------------===//

// Whether a run of `block` is sure to run a member.
static bool isSureToRun(Group &group, Block *block) {
  for (Operation &op : *block) {
    auto isMember = [&](Member &m) { return m.tokenize == &op; };
    if (llvm::any_of(group.members, isMember))
      return true;
    auto runs = [&](Region &region) {
      return !region.empty() && isSureToRun(group, &region.front());
    };
    if (op.getNumRegions() == 0)
      continue;
    // One region of a cond or switch runs; of a try, the first.
    bool sure = isa<agent::CondOp, agent::SwitchOp>(op)
                    ? llvm::all_of(op.getRegions(), runs)
                : isa<agent::TryOp>(op) ? runs(op.getRegion(0))
                                        : llvm::any_of(op.getRegions(), runs);
    if (sure)
      return true;
  }
  return false;
}

// The innermost block around all members.
static Block *getCommonBlock(Group &group) {
  Block *block = group.members.front().tokenize->getBlock();
  auto holdsAll = [&](Block *candidate) {
    return llvm::all_of(group.members, [&](Member &member) {
      return candidate->findAncestorOpInBlock(*member.tokenize);
    });
  };
  while (!holdsAll(block))
    block = block->getParentOp()->getBlock();
  return block;
}

// Whether all that the prefix reads is there outside of `op`.
static bool isReadyOutside(Operation *op, ArrayRef<Value> inputs) {
  return llvm::none_of(inputs, [&](Value input) {
    return op->isAncestor(input.getParentRegion()->getParentOp());
  });
}

// The block to compute the prefix in: as far out as its inputs are there, left
// of an iterating operation, or where it would else be computed once each. Null
// when that is work which nobody may need, or which saves nothing.
static Block *findTarget(Group &group, ArrayRef<Value> inputs) {
  Block *best = nullptr;
  Block *block = getCommonBlock(group);
  if (group.members.size() > 1 && isSureToRun(group, block))
    best = block;
  while (!isa<agent::GraphOp>(block->getParentOp()) &&
         isReadyOutside(block->getParentOp(), inputs)) {
    Operation *left = block->getParentOp();
    block = left->getBlock();
    // Leaving a loop pays even when not every iteration computes the prefix.
    if (isIterating(left) || (best && isSureToRun(group, block)))
      best = block;
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

namespace {
struct HoistPrefixesPass
    : agentc::impl::HoistPrefixesPassBase<HoistPrefixesPass> {
  using HoistPrefixesPassBase::HoistPrefixesPassBase;

  void runOnOperation() override {
    if (failed(requireNoCalls(getOperation(), getArgument())))
      return signalPassFailure();
    OpIds ids(getOperation());
    for (auto graph : getOperation().getOps<agent::GraphOp>())
      for (auto &[number, group] : findGroups(graph))
        hoist(group, ids);
  }

  // Reads the annotations and takes them off: they are done with.
  static llvm::MapVector<int64_t, Group> findGroups(agent::GraphOp graph) {
    llvm::MapVector<int64_t, Group> groups;
    graph.walk([&](stage::TokenizeOp tokenize) {
      auto number = tokenize->getAttrOfType<IntegerAttr>(kGroup);
      if (!number)
        return;
      if (std::optional<Member> member = getMember(tokenize))
        groups[number.getInt()].members.push_back(*member);
    });
    for (auto &[number, group] : groups)
      group.count = countEqualPieces(group);
    graph.walk([&](stage::TokenizeOp tokenize) {
      tokenize->removeAttr(kGroup);
      tokenize->removeAttr(kShared);
    });
    return groups;
  }

  void hoist(Group &group, OpIds &ids) {
    Member &first = group.members.front();
    // A cut must not move spaces from one piece to another.
    std::optional<std::string> text;
    FilledTemplate prefix;
    for (; group.count > 0 && !text; group.count -= text ? 0 : 1) {
      prefix = first.pieces.slice(0, group.count);
      text = prefix.render();
      for (Member &member : group.members)
        if (text && !getRest(member, group.count).render())
          text.reset();
    }
    if (!text)
      return;
    SmallVector<Value> inputs = prefix.getArgValues();
    if (first.base)
      inputs.push_back(first.base);
    Block *target = findTarget(group, inputs);
    if (!target)
      return;
    Value kv = computePrefix(group, prefix, *text, target, ids);
    for (Member &member : group.members)
      continueFrom(kv, member, group.count, ids);
    ++numPrefixes;
    numCallsShared += group.members.size();
  }

  static FilledTemplate getRest(Member &member, size_t count) {
    return member.pieces.slice(count, member.pieces.getPieces().size());
  }

  // The prefix, in front of the first operation that needs it.
  static Value computePrefix(Group &group, const FilledTemplate &prefix,
                             StringRef text, Block *target, OpIds &ids) {
    Member &first = group.members.front();
    Operation *before = nullptr;
    SmallVector<Location> locations;
    for (Member &member : group.members) {
      Operation *use = target->findAncestorOpInBlock(*member.tokenize);
      if (!before || use->isBeforeInBlock(before))
        before = use;
      locations.push_back(member.tokenize.getLoc());
    }
    OpBuilder builder(before);
    Location loc = FusedLoc::get(before->getContext(), locations);
    FlatSymbolRefAttr model = first.tokenize.getModelAttr();
    auto add = [&](auto op) {
      ids.number(op);
      return op->getResult(0);
    };
    Value kv = first.base
                   ? add(stage::KvForkOp::create(builder, loc, first.base))
                   : add(stage::KvOpenOp::create(builder, loc, model));
    Value tokens = add(
        stage::TokenizeOp::create(builder, loc, model, text,
                                  prefix.getArgNames(), prefix.getArgValues()));
    return add(stage::PrefillOp::create(builder, loc, model, kv, tokens));
  }

  // A member takes a fork of the prefix and computes only what is its own.
  static void continueFrom(Value prefix, Member &member, size_t count,
                           OpIds &ids) {
    OpBuilder builder(member.tokenize);
    // The sequence that the prefix replaces has no other use.
    Operation *origin = member.prefill.getKv().getDefiningOp();
    builder.setInsertionPoint(member.prefill);
    auto fork =
        stage::KvForkOp::create(builder, member.prefill.getLoc(), prefix);
    ids.number(fork);
    member.prefill.getKvMutable().assign(fork.getKvOut());
    origin->erase();
    FilledTemplate rest = getRest(member, count);
    if (rest.getPieces().empty()) {
      member.prefill.getKvOut().replaceAllUsesWith(
          fork.getKvOut());
      member.prefill->erase();
      member.tokenize->erase();
      return;
    }
    builder.setInsertionPoint(member.tokenize);
    auto cut = stage::TokenizeOp::create(
        builder, member.tokenize.getLoc(), member.tokenize.getModelAttr(),
        *rest.render(), rest.getArgNames(), rest.getArgValues());
    for (NamedAttribute attr : member.tokenize->getAttrs())
      if (!cut->hasAttr(attr.getName()))
        cut->setAttr(attr.getName(), attr.getValue());
    member.tokenize.getTokens().replaceAllUsesWith(
        cut.getTokens());
    member.tokenize->erase();
  }
};
} // namespace
