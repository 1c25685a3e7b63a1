//===- Prefixes.cpp - Which calls begin alike -----------------------------===//

#include "passes/Analysis/Prefixes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace llvm;
using namespace mlir;

namespace agentc {

// Characters a value is taken to have, since its length is not known. Only the
// ranking of groups depends on it.
static constexpr size_t kValueChars = 256;

PrefixCall getPrefixCall(agent::GenerateOp op) {
  return {op, op.getModel(), op.getSession(), getCallTemplate(op)};
}

static bool samePiece(const PrefixCall &a, const PrefixCall &b, size_t i) {
  const Piece &left = a.tokens.getPieces()[i];
  const Piece &right = b.tokens.getPieces()[i];
  // Placeholders are equal by value; their names are only names.
  if (left.kind == Piece::Kind::Placeholder)
    return right.kind == left.kind && left.spaces == right.spaces &&
           a.tokens.getValue(left) == b.tokens.getValue(right);
  return left == right;
}

size_t countSharedPieces(const PrefixCall &a, const PrefixCall &b) {
  if (a.model != b.model || a.behind != b.behind)
    return 0;
  size_t most =
      std::min(a.tokens.getPieces().size(), b.tokens.getPieces().size());
  size_t count = 0;
  while (count < most && samePiece(a, b, count))
    ++count;
  return count;
}

bool isIterating(Operation *op) {
  return isa<agent::LoopOp, agent::MapOp, agent::VoteOp>(op);
}

static bool isOutside(Value value, Operation *op) {
  return !op->isAncestor(value.getParentBlock()->getParentOp());
}

size_t countInvariantPieces(const PrefixCall &call) {
  ArrayRef<Piece> pieces = call.tokens.getPieces();
  size_t most = 0;
  for (Operation *around = call.op->getParentOp(); around;
       around = around->getParentOp()) {
    if (!isIterating(around))
      continue;
    if (call.behind && !isOutside(call.behind, around))
      continue;
    auto varies = [&](const Piece &piece) {
      Value value = call.tokens.getValue(piece);
      return value && !isOutside(value, around);
    };
    size_t count = find_if(pieces, varies) - pieces.begin();
    most = std::max(most, count);
  }
  return most;
}

// Characters of the first `count` pieces that are not scaffold.
static size_t countChars(const PrefixCall &call, size_t count) {
  size_t chars = 0;
  for (const Piece &piece : call.tokens.getPieces().take_front(count)) {
    if (piece.kind == Piece::Kind::Literal)
      chars += piece.text.size();
    else if (piece.kind == Piece::Kind::Placeholder)
      chars += kValueChars;
  }
  return chars;
}

namespace {
/// Picks groups out of the calls that are still free.
class GroupFinder {
public:
  GroupFinder(ArrayRef<PrefixCall> calls, size_t minChars)
      : calls(calls), minChars(minChars) {
    for (size_t i = 0; i < calls.size(); ++i)
      free.insert(i);
  }

  SmallVector<PrefixGroup> run() {
    SmallVector<PrefixGroup> groups;
    while (takeBest())
      groups.push_back(best);
    return groups;
  }

private:
  // Considers the free calls that share `length` pieces with `first`. A call
  // that repeats them counts twice: how often it repeats is not known.
  void consider(size_t first, size_t length) {
    size_t chars = countChars(calls[first], length);
    if (chars < minChars)
      return;
    PrefixGroup group{{}, length};
    size_t executions = 0;
    for (size_t i : free) {
      if (i != first && countSharedPieces(calls[first], calls[i]) < length)
        continue;
      group.calls.push_back(i);
      executions += countInvariantPieces(calls[i]) >= length ? 2 : 1;
    }
    size_t saved = chars * (executions - 1);
    if (executions < 2 || saved < bestSaved ||
        (saved == bestSaved && length <= best.sharedPieces))
      return;
    best = std::move(group);
    bestSaved = saved;
  }

  // The lengths at which the calls that share with `first` change.
  SmallSetVector<size_t, 8> getLengths(size_t first) const {
    SmallSetVector<size_t, 8> lengths;
    if (size_t count = countInvariantPieces(calls[first]))
      lengths.insert(count);
    for (size_t i : free)
      if (i != first)
        if (size_t count = countSharedPieces(calls[first], calls[i]))
          lengths.insert(count);
    return lengths;
  }

  bool takeBest() {
    best = {{}, 0};
    bestSaved = 0;
    for (size_t first : free)
      for (size_t length : getLengths(first))
        consider(first, length);
    for (size_t i : best.calls)
      free.remove(i);
    return !best.calls.empty();
  }

  ArrayRef<PrefixCall> calls;
  size_t minChars;
  SmallSetVector<size_t, 8> free;
  PrefixGroup best;
  size_t bestSaved = 0;
};
} // namespace

SmallVector<PrefixGroup> findPrefixGroups(ArrayRef<PrefixCall> calls,
                                          size_t minChars) {
  return GroupFinder(calls, minChars).run();
}

} // namespace agentc
