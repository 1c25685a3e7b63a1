//===- Work.h - Work and what it depends on ---------------------*- C++ -*-===//
//
// Plain numbers, no IR: shared by the operations, the pass that annotates them
// and whoever wants to price a piece of work.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_DIALECTS_STAGE_WORK_H
#define AGENTC_DIALECTS_STAGE_WORK_H

#include "mlir/IR/BuiltinAttributes.h"

namespace agentc::stage {

/// Work of one execution. A multiply-add counts as 2 flops.
struct Work {
  double flops = 0;
  double bytesRead = 0;
  double bytesWritten = 0;
  /// KV state that exists once the operation is done.
  double stateBytes = 0;
  /// Bytes that cross between devices, or to and from a tool.
  double commBytes = 0;
  /// Launches: one for each forward pass or tool call.
  double calls = 0;
};

/// Dimensions of a model as `agent.model` declares them; 0 is not given.
struct ModelDims {
  double layers = 0, dModel = 0, heads = 0, kvHeads = 0, headDim = 0;
  double vocab = 0, params = 0, weightBytes = 0, embeddingDim = 0;

  /// Reads the `dims` of an `agent.model`; a null dictionary gives zeros. An
  /// encoder's missing kv_heads and head_dim follow from heads and d_model.
  static ModelDims fromDictionary(mlir::DictionaryAttr dims);

  /// Parameters that multiply every token. The table of token embeddings is
  /// looked up, not multiplied: params - vocab * d_model. Where the output head
  /// is a second table this still holds that head, an upper bound.
  double bodyParams() const;

  /// KV bytes of one token: 2 * layers * kv_heads * head_dim * elementBytes.
  double kvBytesPerToken(double elementBytes) const;

  /// Attention flops for `pairs` (query, key) pairs: scores and weighted sum,
  /// 2 flops each per element: 4 * layers * heads * head_dim * pairs.
  double attentionFlops(double pairs) const;
};

/// What the work of an operation depends on besides its attributes.
struct WorkContext {
  ModelDims dims;
  /// Tokens that come in: of a prefill, of a text to encode, of one
  /// (query, passage) pair to score, of a tool's arguments.
  double inTokens = 0;
  /// Tokens that go out: decode steps, tokens of a tool's result.
  double outTokens = 0;
  /// Tokens whose KV exists before the operation starts.
  double contextTokens = 0;
  /// Texts to encode, passages to score, vectors to search.
  double items = 1;
  /// Length of the vectors to search.
  double vectorDim = 0;
  /// Bytes of one KV element (4 for f32, 2 for f16).
  double kvElementBytes = 4;
  /// Bytes of the operands of a torch module, or of the value to transfer.
  double valueBytes = 0;
  /// Bytes of the results of a torch module.
  double resultBytes = 0;
};

} // namespace agentc::stage

#endif // AGENTC_DIALECTS_STAGE_WORK_H
