//===- Canonicalize.cpp - rewrites that always help -----------------------===//

#include "dialects/Agent/Pieces.h"
#include "dialects/Agent/Resources.h"
#include "dialects/Agent/Template.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace agentc::agent;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

static bool isCutIntoPieces(OpOperand &use) {
  auto call = dyn_cast<GenerateOp>(use.getOwner());
  return call &&
         (use.get() == call.getPrompt() || use.get() == call.getSystem());
}

Value agentc::agent::keepPieces(RewriterBase &rewriter, Value old, Value by) {
  if (!by.getDefiningOp<PromptOp>() || old.getDefiningOp<PromptOp>() ||
      llvm::none_of(old.getUses(), isCutIntoPieces))
    return by;
  return PromptOp::create(rewriter, by.getLoc(), by.getType(), "{text}",
                          rewriter.getStrArrayAttr({"text"}), by);
}

void agentc::agent::replaceKeepingPieces(RewriterBase &rewriter, Operation *op,
                                         ValueRange by) {
  SmallVector<Value> values;
  for (auto [old, value] : llvm::zip(op->getResults(), by))
    values.push_back(keepPieces(rewriter, old, value));
  rewriter.replaceOp(op, values);
}

/// Puts the block's operations in the place of `op`, whose results become the
/// operands of the block's last operation.
static void inlineBlock(PatternRewriter &rewriter, Operation *op, Block *block,
                        ValueRange arguments, ValueRange results,
                        Operation *last) {
  SmallVector<Value> values(results);
  // An argument among the results is replaced with the rest of its uses.
  for (Value &value : values)
    if (auto argument = dyn_cast<BlockArgument>(value);
        argument && argument.getOwner() == block)
      value = arguments[argument.getArgNumber()];
  rewriter.eraseOp(last);
  rewriter.inlineBlockBefore(block, op, arguments);
  replaceKeepingPieces(rewriter, op, values);
}

/// As above for a whole region; fails when it throws.
static LogicalResult inlineRegion(PatternRewriter &rewriter, Operation *op,
                                  Region &region) {
  auto yield = dyn_cast<YieldOp>(region.front().back());
  if (!yield)
    return rewriter.notifyMatchFailure(op, "the region throws");
  inlineBlock(rewriter, op, &region.front(), {}, yield.getOperands(), yield);
  return success();
}

//===----------------------------------------------------------------------===//
// Control on constants
//===----------------------------------------------------------------------===//

/// cond on a constant: the region that runs.
static LogicalResult inlineCond(CondOp op, PatternRewriter &rewriter) {
  BoolAttr condition;
  if (!matchPattern(op.getCondition(), m_Constant(&condition)))
    return failure();
  return inlineRegion(rewriter, op,
                      condition.getValue() ? op.getThenRegion()
                                           : op.getElseRegion());
}

void CondOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *) {
  patterns.add(inlineCond);
}

/// switch on a constant: the region that runs.
static LogicalResult inlineSwitch(SwitchOp op, PatternRewriter &rewriter) {
  Attribute selector;
  if (!matchPattern(op.getSelector(), m_Constant(&selector)))
    return failure();
  const Attribute *found = llvm::find(op.getCases(), selector);
  if (found == op.getCases().end())
    return inlineRegion(rewriter, op, op.getDefaultRegion());
  return inlineRegion(rewriter, op,
                      op.getCaseRegions()[found - op.getCases().begin()]);
}

void SwitchOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *) {
  patterns.add(inlineSwitch);
}

/// parallel of one region: the region.
static LogicalResult inlineParallel(ParallelOp op, PatternRewriter &rewriter) {
  if (op.getBranches().size() != 1)
    return failure();
  return inlineRegion(rewriter, op, op.getBranches().front());
}

void ParallelOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *) {
  patterns.add(inlineParallel);
}

//===----------------------------------------------------------------------===//
// Loops that run once
//===----------------------------------------------------------------------===//

/// The operation that certainly ends the first iteration: a break that is
/// always taken with none before it, or the yield of the only iteration.
static Operation *getOnlyEnd(LoopOp loop) {
  for (Operation &op : loop.getBody().front())
    if (auto exit = dyn_cast<BreakIfOp>(op)) {
      BoolAttr condition;
      bool always = matchPattern(exit.getCondition(), m_Constant(&condition)) &&
                    condition.getValue();
      return always ? exit.getOperation() : nullptr;
    }
  Operation *last = &loop.getBody().front().back();
  return loop.getMaxIters() == 1 && isa<YieldOp>(last) ? last : nullptr;
}

/// A loop that runs once: its body. Not around random draws, whose seeds are
/// made of the loop's index.
static LogicalResult inlineLoop(LoopOp op, PatternRewriter &rewriter) {
  Operation *end = getOnlyEnd(op);
  if (!end || drawsSamples(op))
    return failure();
  Block *body = &op.getBody().front();
  while (&body->back() != end)
    rewriter.eraseOp(&body->back());
  SmallVector<Value> arguments = {
      ConstantOp::create(rewriter, op.getLoc(), rewriter.getI64Type(),
                         rewriter.getI64IntegerAttr(0))};
  llvm::append_range(arguments, op.getInits());
  ValueRange results = end->getOperands();
  if (auto exit = dyn_cast<BreakIfOp>(end))
    results = exit.getValues();
  inlineBlock(rewriter, op, body, arguments, results, end);
  return success();
}

void LoopOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *) {
  patterns.add(inlineLoop);
}

/// A break that is never taken: nothing.
static LogicalResult eraseBreak(BreakIfOp op, PatternRewriter &rewriter) {
  BoolAttr condition;
  if (!matchPattern(op.getCondition(), m_Constant(&condition)) ||
      condition.getValue())
    return failure();
  rewriter.eraseOp(op);
  return success();
}

void BreakIfOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *) {
  patterns.add(eraseBreak);
}

//===----------------------------------------------------------------------===//
// prompt
//===----------------------------------------------------------------------===//

/// A template of one literal: that text. Both are one piece.
static LogicalResult foldLiteralPrompt(PromptOp op, PatternRewriter &rewriter) {
  TemplateItems items = parseVerifiedTemplate(op.getTemplateText());
  if (items.size() > 1 ||
      (items.size() == 1 && items[0].kind != TemplateItem::Kind::Literal))
    return failure();
  StringAttr text = rewriter.getStringAttr(items.empty() ? "" : items[0].text);
  rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(), text);
  return success();
}

/// A template of one placeholder for a text: the text, unless it is a prompt,
/// which has pieces of its own.
static LogicalResult foldPlainPrompt(PromptOp op, PatternRewriter &rewriter) {
  TemplateItems items = parseVerifiedTemplate(op.getTemplateText());
  if (items.size() != 1 || op.getArgs().size() != 1 ||
      items[0].kind != TemplateItem::Kind::Placeholder)
    return failure();
  Value text = op.getArgs().front();
  if (!isa<TextType>(text.getType()))
    return failure();
  if (text.getDefiningOp<PromptOp>() &&
      llvm::any_of(op.getResult().getUses(), isCutIntoPieces))
    return failure();
  rewriter.replaceOp(op, text);
  return success();
}

/// Operands that the template does not name go.
static LogicalResult dropUnusedOperands(PromptOp op,
                                        PatternRewriter &rewriter) {
  llvm::StringSet<> used;
  for (const TemplateItem &item : parseVerifiedTemplate(op.getTemplateText()))
    if (item.kind == TemplateItem::Kind::Placeholder)
      used.insert(item.text);
  SmallVector<Attribute> names;
  SmallVector<Value> operands;
  for (auto [name, operand] :
       llvm::zip(op.getArgNames().getAsRange<StringAttr>(), op.getArgs()))
    if (used.contains(name)) {
      names.push_back(name);
      operands.push_back(operand);
    }
  if (names.size() == op.getArgs().size())
    return failure();
  rewriter.modifyOpInPlace(op, [&] {
    op.setArgNamesAttr(rewriter.getArrayAttr(names));
    op.getArgsMutable().assign(operands);
  });
  return success();
}

void PromptOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *) {
  patterns.add(foldLiteralPrompt);
  patterns.add(foldPlainPrompt);
  patterns.add(dropUnusedOperands);
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// A field of a record just made: the operand.
static LogicalResult forwardField(GetFieldOp op, PatternRewriter &rewriter) {
  auto made = op.getRecord().getDefiningOp<MakeRecordOp>();
  if (!made)
    return failure();
  ArrayRef<StringAttr> names = made.getType().getFieldNames();
  size_t i = llvm::find(names, op.getFieldAttr()) - names.begin();
  replaceKeepingPieces(rewriter, op, made.getFields()[i]);
  return success();
}

void GetFieldOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *) {
  patterns.add(forwardField);
}

/// An item of a list just made: the operand.
static LogicalResult forwardItem(GetItemOp op, PatternRewriter &rewriter) {
  auto made = op.getList().getDefiningOp<MakeListOp>();
  IntegerAttr index;
  if (!made || !matchPattern(op.getIndex(), m_Constant(&index)) ||
      index.getValue().uge(made.getItems().size()))
    return failure();
  replaceKeepingPieces(rewriter, op, made.getItems()[index.getInt()]);
  return success();
}

void GetItemOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *) {
  patterns.add(forwardItem);
}

/// concat of one: the part. concat of concats: one concat.
static LogicalResult flattenConcat(ConcatOp op, PatternRewriter &rewriter) {
  if (op.getParts().size() == 1) {
    replaceKeepingPieces(rewriter, op, op.getParts().front());
    return success();
  }
  SmallVector<Value> parts;
  for (Value part : op.getParts()) {
    if (auto inner = part.getDefiningOp<ConcatOp>())
      llvm::append_range(parts, inner.getParts());
    else
      parts.push_back(part);
  }
  if (parts.size() == op.getParts().size())
    return failure();
  rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), parts);
  return success();
}

void ConcatOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *) {
  patterns.add(flattenConcat);
}

/// flatten of a list just made: concat of its items.
static LogicalResult flattenMadeList(FlattenOp op, PatternRewriter &rewriter) {
  auto made = op.getList().getDefiningOp<MakeListOp>();
  if (!made || made.getItems().empty())
    return failure();
  rewriter.replaceOpWithNewOp<ConcatOp>(op, op.getType(), made.getItems());
  return success();
}

void FlattenOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *) {
  patterns.add(flattenMadeList);
}
