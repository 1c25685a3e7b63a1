//===- StageWork.cpp - The work formula of each operation -----------------===//
//
// The formulas and their sources stand at the operations and in
// docs/spec-stage.md.
//
//===----------------------------------------------------------------------===//

#include "dialects/Stage/Stage.h"

using namespace mlir;
using namespace agentc::stage;

/// Bytes of a token id, of an f32 element, and of the characters of a token
/// (about 4 in English text, a byte each).
static constexpr double bytesPerToken = 4;
/// Half of a 16-token page: the expected fill of a sequence's last page.
static constexpr double halfPageTokens = 8;

//===----------------------------------------------------------------------===//
// ModelDims
//===----------------------------------------------------------------------===//

ModelDims ModelDims::fromDictionary(DictionaryAttr dims) {
  auto get = [&](StringRef name) -> double {
    auto value = dims ? dims.getAs<IntegerAttr>(name) : IntegerAttr();
    return value ? static_cast<double>(value.getInt()) : 0;
  };
  ModelDims result;
  result.layers = get("layers");
  result.dModel = get("d_model");
  result.heads = get("heads");
  result.kvHeads = get("kv_heads");
  result.headDim = get("head_dim");
  result.vocab = get("vocab");
  result.params = get("params");
  result.weightBytes = get("weight_bytes");
  result.embeddingDim = get("embedding_dim");
  if (!result.kvHeads)
    result.kvHeads = result.heads;
  if (!result.headDim && result.heads)
    result.headDim = result.dModel / result.heads;
  return result;
}

double ModelDims::bodyParams() const {
  return std::max(params - vocab * dModel, 0.0);
}

double ModelDims::kvBytesPerToken(double elementBytes) const {
  return 2 * layers * kvHeads * headDim * elementBytes;
}

double ModelDims::attentionFlops(double pairs) const {
  return 4 * layers * heads * headDim * pairs;
}

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

// Keys that `tokens` new queries see behind `context`: each sees the context,
// itself and the new ones before it.
static double causalPairs(double tokens, double context) {
  return tokens * context + tokens * (tokens + 1) / 2;
}

static double kvBytes(const WorkContext &context, double tokens) {
  return context.dims.kvBytesPerToken(context.kvElementBytes) * tokens;
}

// A bidirectional encoder over `items` texts of inTokens each.
static Work encoderWork(const WorkContext &context, double bytesOut) {
  double t = context.inTokens;
  Work work;
  work.flops = context.items * (2 * context.dims.bodyParams() * t +
                                context.dims.attentionFlops(t * t));
  work.bytesRead =
      context.dims.weightBytes + bytesPerToken * context.items * t;
  work.bytesWritten = bytesOut;
  work.calls = 1;
  return work;
}

// A sequence that is held and not extended.
static Work heldState(const WorkContext &context) {
  Work work;
  work.stateBytes = kvBytes(context, context.contextTokens);
  return work;
}

//===----------------------------------------------------------------------===//
// Tokens and KV
//===----------------------------------------------------------------------===//

Work TokenizeOp::estimateWork(const WorkContext &context) {
  Work work;
  work.bytesRead = bytesPerToken * context.inTokens;
  work.bytesWritten = bytesPerToken * context.inTokens;
  work.calls = 1;
  return work;
}

Work KvOpenOp::estimateWork(const WorkContext &) { return {}; }

Work PrefillOp::estimateWork(const WorkContext &context) {
  double t = context.inTokens, c = context.contextTokens;
  Work work;
  work.flops = 2 * context.dims.bodyParams() * t +
               context.dims.attentionFlops(causalPairs(t, c));
  work.bytesRead = context.dims.weightBytes + kvBytes(context, c + t);
  work.bytesWritten = kvBytes(context, t);
  work.stateBytes = kvBytes(context, c + t);
  work.calls = 1;
  return work;
}

Work DecodeOp::estimateWork(const WorkContext &context) {
  double n = context.outTokens, c = context.contextTokens;
  double pairs = causalPairs(n, c);
  Work work;
  work.flops = 2 * context.dims.params * n + context.dims.attentionFlops(pairs);
  work.bytesRead = n * context.dims.weightBytes + kvBytes(context, pairs);
  work.bytesWritten = kvBytes(context, n);
  work.stateBytes = kvBytes(context, c + n);
  work.calls = n;
  return work;
}

Work KvForkOp::estimateWork(const WorkContext &context) {
  Work work = heldState(context);
  double copied = std::min(halfPageTokens, context.contextTokens);
  work.bytesRead = work.bytesWritten = kvBytes(context, copied);
  return work;
}

Work KvAppendOp::estimateWork(const WorkContext &context) {
  Work work;
  work.bytesWritten = bytesPerToken * context.inTokens;
  return work;
}

Work KvParkOp::estimateWork(const WorkContext &context) {
  return heldState(context);
}

Work KvResumeOp::estimateWork(const WorkContext &context) {
  return heldState(context);
}

Work KvCloseOp::estimateWork(const WorkContext &) { return {}; }

Work KvMoveOp::estimateWork(const WorkContext &context) {
  Work work = heldState(context);
  work.bytesRead = work.bytesWritten = work.commBytes = work.stateBytes;
  return work;
}

//===----------------------------------------------------------------------===//
// Other models, tools and transfers
//===----------------------------------------------------------------------===//

Work EncodeOp::estimateWork(const WorkContext &context) {
  return encoderWork(context,
                     4 * context.items * context.dims.embeddingDim);
}

Work SearchOp::estimateWork(const WorkContext &context) {
  Work work;
  work.flops = 2 * context.items * context.vectorDim;
  work.bytesRead = 4 * context.items * context.vectorDim;
  work.bytesWritten = 16.0 * getK();
  work.calls = 1;
  return work;
}

Work ScoreOp::estimateWork(const WorkContext &context) {
  return encoderWork(context, 8 * context.items);
}

Work ModuleOp::estimateWork(const WorkContext &context) {
  Work work;
  work.flops = 2 * context.dims.params;
  work.bytesRead = context.dims.weightBytes + context.valueBytes;
  work.bytesWritten = context.resultBytes;
  work.calls = 1;
  return work;
}

Work CallOp::estimateWork(const WorkContext &context) {
  Work work;
  work.commBytes = bytesPerToken * context.inTokens;
  work.calls = 1;
  return work;
}

Work AwaitOp::estimateWork(const WorkContext &context) {
  Work work;
  work.commBytes = bytesPerToken * context.outTokens;
  return work;
}

Work TransferOp::estimateWork(const WorkContext &context) {
  Work work;
  work.bytesRead = work.bytesWritten = work.commBytes = context.valueBytes;
  return work;
}
