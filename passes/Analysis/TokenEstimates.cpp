//===- TokenEstimates.cpp - How long values will be -----------------------===//

#include "passes/Analysis/TokenEstimates.h"
#include "dialects/Stage/Template.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <utility>

using namespace mlir;
using namespace agentc;

// About 4 characters of English make a token.
static constexpr double charsPerToken = 4;
// A number, a truth value.
static constexpr double scalarTokens = 2;
// What a chat format writes on one side of a message.
static constexpr double scaffoldTokens = 3;
// A default system message with what goes around it.
static constexpr double defaultSystemTokens = 24;
// "[1] (source) " in front of a printed passage.
static constexpr double passageHeaderTokens = 8;

static double tokensOfChars(size_t chars) {
  return std::ceil(chars / charsPerToken);
}

size_t agentc::getPrintedLength(Attribute attr) {
  if (auto text = dyn_cast<StringAttr>(attr))
    return text.size();
  size_t length = 0;
  if (auto list = dyn_cast<ArrayAttr>(attr)) {
    for (Attribute item : list)
      length += getPrintedLength(item) + 1;
    return length;
  }
  if (auto record = dyn_cast<DictionaryAttr>(attr)) {
    for (NamedAttribute field : record)
      length += field.getName().size() + getPrintedLength(field.getValue()) + 5;
    return length;
  }
  return scalarTokens * charsPerToken;
}

//===----------------------------------------------------------------------===//
// Distributions
//===----------------------------------------------------------------------===//

double TokenEstimates::evaluate(agent::DistAttr dist, double otherwise) const {
  if (!dist)
    return otherwise;
  return point == Point::Mean ? dist.getMean() : dist.getQuantile(0.95);
}

double TokenEstimates::getIterations(agent::LoopOp loop) const {
  double most = loop.getMaxIters();
  if (loop.getItersAttr())
    return std::min(evaluate(loop.getItersAttr(), most), most);
  double stop = loop.getPStop() ? loop.getPStop()->convertToDouble() : 0;
  if (stop <= 0)
    return most;
  if (stop >= 1)
    return 1;
  // Geometric, cut off at `most`.
  if (point == Point::Mean)
    return (1 - std::pow(1 - stop, most)) / stop;
  return std::min(std::ceil(std::log(0.05) / std::log(1 - stop)), most);
}

// What nothing is known about is judged by its type.
double TokenEstimates::unknown(Measure measure, Type type) const {
  if (measure == Measure::Kv)
    return 0;
  if (measure == Measure::Items)
    return isa<agent::ListType, agent::DocsType>(type) ? defaults.listItems : 1;
  if (isa<agent::TextType>(type))
    return defaults.textTokens;
  if (auto list = dyn_cast<agent::ListType>(type))
    return defaults.listItems * unknown(measure, list.getElementType());
  if (isa<agent::DocsType>(type))
    return defaults.listItems * (defaults.passageTokens + passageHeaderTokens);
  if (auto record = dyn_cast<agent::RecordType>(type)) {
    double sum = 0;
    for (auto [name, field] :
         llvm::zip(record.getFieldNames(), record.getFieldTypes()))
      sum += tokensOfChars(name.size() + 4) + unknown(measure, field);
    return sum;
  }
  return scalarTokens;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

double TokenEstimates::get(Measure measure, Value value) {
  std::pair<int, Value> key(int(measure), value);
  if (auto found = assumed.find(key); found != assumed.end())
    return found->second;
  if (auto found = memo.find(key); found != memo.end())
    return found->second;
  double result = compute(measure, value);
  memo[key] = result;
  return result;
}

double TokenEstimates::compute(Measure measure, Value value) {
  if (auto arg = dyn_cast<BlockArgument>(value))
    return ofArgument(measure, arg);
  return ofResult(measure, cast<OpResult>(value));
}

double TokenEstimates::ofArgument(Measure measure, BlockArgument arg) {
  Operation *parent = arg.getOwner()->getParentOp();
  if (auto graph = dyn_cast<agent::GraphOp>(parent)) {
    StringRef name = measure == Measure::Items ? "agent.items" : "agent.tokens";
    auto dist =
        graph.getArgAttrOfType<agent::DistAttr>(arg.getArgNumber(), name);
    return evaluate(dist, unknown(measure, arg.getType()));
  }
  if (auto loop = dyn_cast<agent::LoopOp>(parent))
    if (arg.getArgNumber() > 0)
      return ofCarried(measure, loop, arg.getArgNumber() - 1, /*atEnd=*/false);
  if (auto map = dyn_cast<agent::MapOp>(parent))
    if (arg.getArgNumber() == 1 && measure == Measure::Tokens)
      return getTokens(map.getList()) / std::max(getItems(map.getList()), 1.0);
  return unknown(measure, arg.getType());
}

double TokenEstimates::ofResult(Measure measure, OpResult result) {
  Operation *op = result.getOwner();
  if (op->getNumRegions() > 0)
    return ofControl(measure, result);
  if (auto transfer = dyn_cast<stage::TransferOp>(op))
    return get(measure, transfer.getValue());
  if (isa<stage::KvType>(result.getType()))
    return kvOf(op);
  double known = measure == Measure::Items ? itemsOf(op) : tokensOf(op);
  return known < 0 ? unknown(measure, result.getType()) : known;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

// The mean over the regions that may have given the result, or the largest.
double TokenEstimates::ofAlternatives(Measure measure, OpResult result,
                                      ArrayRef<double> weights) {
  double sum = 0, total = 0, largest = 0;
  for (auto [i, region] : llvm::enumerate(result.getOwner()->getRegions())) {
    auto yield = dyn_cast<agent::YieldOp>(region.front().getTerminator());
    if (!yield)
      continue;
    double value = get(measure, yield.getOperand(result.getResultNumber()));
    double weight = i < weights.size() ? weights[i] : 1;
    sum += weight * value;
    total += weight;
    largest = std::max(largest, value);
  }
  if (point == Point::P95 || total == 0)
    return largest;
  return sum / total;
}

// Iteration 0 sees `start`; the next sees what the body then yields, `first`;
// from there on a value that builds on the one before it grows by `growth`.
double TokenEstimates::ofCarried(Measure measure, agent::LoopOp loop,
                                 unsigned position, bool atEnd) {
  Block &body = loop.getBody().front();
  double start = get(measure, loop.getInits()[position]);
  auto yield = dyn_cast<agent::YieldOp>(body.getTerminator());
  if (!yield)
    return start;
  std::pair<int, Value> arg(int(measure), body.getArgument(position + 1));
  auto yieldedFrom = [&](double value) {
    // What was computed before, and is now, holds for another start.
    Memo savedMemo = std::exchange(memo, {}), savedAssumed = assumed;
    assumed[arg] = value;
    double yielded = get(measure, yield.getOperand(position));
    memo = std::move(savedMemo);
    assumed = std::move(savedAssumed);
    return yielded;
  };
  double first = yieldedFrom(start);
  double growth = yieldedFrom(first) - first;
  double n = std::max(getIterations(loop), 1.0);
  if (atEnd)
    return std::max(first + (n - 1) * growth, 0.0);
  if (point == Point::P95)
    return std::max({start, first + (n - 2) * growth, 0.0});
  double later = (n - 1) * first + growth * (n - 1) * (n - 2) / 2;
  return std::max((start + later) / n, 0.0);
}

double TokenEstimates::ofControl(Measure measure, OpResult result) {
  unsigned number = result.getResultNumber();
  return llvm::TypeSwitch<Operation *, double>(result.getOwner())
      .Case([&](agent::CondOp op) {
        double p = op.getPTrue() ? op.getPTrue()->convertToDouble() : 0.5;
        return ofAlternatives(measure, result, {p, 1 - p});
      })
      .Case([&](agent::SwitchOp op) {
        SmallVector<double> weights;
        if (auto given = op.getWeights()) {
          // The default region comes first and has what the cases leave.
          double rest = 1;
          for (double weight : *given)
            rest -= weight;
          weights.push_back(std::max(rest, 0.0));
          llvm::append_range(weights, *given);
        }
        return ofAlternatives(measure, result, weights);
      })
      .Case([&](agent::LoopOp op) {
        return ofCarried(measure, op, number, /*atEnd=*/true);
      })
      .Case([&](agent::MapOp op) {
        double items = evaluate(op.getWidthAttr(), getItems(op.getList()));
        if (measure == Measure::Items)
          return items;
        Operation *yield = op.getBody().front().getTerminator();
        return items * get(measure, yield->getOperand(number));
      })
      .Case([&](agent::ParallelOp op) {
        for (Region &region : op->getRegions()) {
          Operation *yield = region.front().getTerminator();
          if (number < yield->getNumOperands())
            return get(measure, yield->getOperand(number));
          number -= yield->getNumOperands();
        }
        return unknown(measure, result.getType());
      })
      .Case<agent::TryOp, agent::VoteOp, agent::RaceOp>(
          [&](auto op) { return ofAlternatives(measure, result, {}); })
      .Default([&](Operation *) { return unknown(measure, result.getType()); });
}

//===----------------------------------------------------------------------===//
// Operations; a negative number means that only the type is known
//===----------------------------------------------------------------------===//

double TokenEstimates::tokensOfTemplate(Operation *op, StringRef text,
                                        ArrayAttr names, ValueRange args) {
  using Kind = stage::TemplatePiece::Kind;
  std::string error;
  auto pieces = stage::parseTemplate(text, error);
  if (failed(pieces))
    return -1;
  // The compiler, which has the tokenizer, may have counted the fixed part.
  auto counted = op->getAttrOfType<IntegerAttr>("token_count");
  double sum = counted ? counted.getInt() : 0;
  for (const stage::TemplatePiece &piece : *pieces) {
    if (piece.kind == Kind::Placeholder) {
      for (auto [name, arg] : llvm::zip(names, args))
        if (cast<StringAttr>(name).getValue() == piece.text)
          sum += getTokens(arg);
    } else if (!counted && piece.kind == Kind::Literal) {
      sum += tokensOfChars(piece.text.size());
    } else if (!counted) {
      sum += piece.text == "<default>" ? defaultSystemTokens : scaffoldTokens;
    }
  }
  return sum;
}

// A field of a made record is known; of another, fields share what there is.
double TokenEstimates::tokensOfField(agent::GetFieldOp op) {
  auto type = dyn_cast<agent::RecordType>(op.getRecord().getType());
  if (!type || !isa<agent::TextType>(op.getResult().getType()))
    return -1;
  if (auto made = op.getRecord().getDefiningOp<agent::MakeRecordOp>())
    for (auto [name, field] : llvm::zip(type.getFieldNames(), made.getFields()))
      if (name.getValue() == op.getField())
        return getTokens(field);
  auto isText = [](Type t) { return isa<agent::TextType>(t); };
  return getTokens(op.getRecord()) /
         std::max<double>(llvm::count_if(type.getFieldTypes(), isText), 1);
}

double TokenEstimates::tokensOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case([&](stage::TokenizeOp op) {
        return tokensOfTemplate(op, op.getTemplateText(), op.getArgNames(),
                                op.getArgs());
      })
      .Case([&](agent::PromptOp op) {
        return tokensOfTemplate(op, op.getTemplateText(), op.getArgNames(),
                                op.getArgs());
      })
      .Case([&](stage::DecodeOp op) {
        double most = op.getMaxTokens();
        return std::min(evaluate(op.getOutTokensAttr(), most), most);
      })
      .Case([&](agent::ConstantOp op) {
        return tokensOfChars(getPrintedLength(op.getValue()));
      })
      .Case<agent::ConcatOp, agent::MakeListOp, agent::MakeRecordOp>(
          [&](auto op) {
            double sum = 0;
            for (Value operand : op->getOperands())
              sum += getTokens(operand);
            return sum;
          })
      .Case<agent::FlattenOp, agent::ParseOp>(
          [&](auto op) { return getTokens(op->getOperand(0)); })
      .Case([&](agent::GetItemOp op) {
        return getTokens(op.getList()) / std::max(getItems(op.getList()), 1.0);
      })
      .Case([&](agent::GetFieldOp op) { return tokensOfField(op); })
      .Case([&](stage::SearchOp op) {
        auto index = SymbolTable::lookupNearestSymbolFrom<agent::IndexOp>(
            op, op.getIndexAttr());
        double chunk = index && index.getChunkTokens()
                           ? double(*index.getChunkTokens())
                           : defaults.passageTokens;
        return op.getK() * (chunk + passageHeaderTokens);
      })
      .Case([&](stage::ScoreOp op) {
        double each =
            getTokens(op.getDocs()) / std::max(getItems(op.getDocs()), 1.0);
        return each * getItems(op.getBest());
      })
      .Default(-1.0);
}

double TokenEstimates::itemsOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case([&](stage::SearchOp op) { return double(op.getK()); })
      .Case([&](stage::ScoreOp op) {
        return std::min(double(op.getK()), getItems(op.getDocs()));
      })
      .Case([&](stage::EncodeOp op) { return getItems(op.getText()); })
      .Case([&](agent::MakeListOp op) { return double(op->getNumOperands()); })
      .Case([&](agent::ConstantOp op) {
        auto list = dyn_cast<ArrayAttr>(op.getValue());
        return list ? double(list.size()) : -1;
      })
      .Case([&](agent::ConcatOp op) {
        double sum = 0;
        for (Value part : op->getOperands())
          sum += getItems(part);
        return sum;
      })
      .Default(-1.0);
}

double TokenEstimates::kvOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case<stage::PrefillOp, stage::KvAppendOp>([&](auto op) {
        return getKvTokens(op.getKv()) + getTokens(op.getTokens());
      })
      .Case([&](stage::DecodeOp op) {
        return getKvTokens(op.getKv()) + getTokens(op.getText());
      })
      .Case<stage::KvForkOp, stage::KvParkOp, stage::KvResumeOp,
            stage::KvMoveOp>([&](auto op) { return getKvTokens(op.getKv()); })
      .Default(0.0);
}

double TokenEstimates::getPendingTokens(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto append = dyn_cast_or_null<stage::KvAppendOp>(op))
    return getTokens(append.getTokens()) + getPendingTokens(append.getKv());
  if (isa_and_nonnull<stage::KvForkOp, stage::KvParkOp, stage::KvResumeOp,
                      stage::KvMoveOp>(op))
    return getPendingTokens(op->getOperand(0));
  return 0;
}
