//===- StageModelOps.td - Encoders, indexes, modules -------*- tablegen -*-===//

#ifndef AGENTC_STAGE_MODEL_OPS
#define AGENTC_STAGE_MODEL_OPS

include "dialects/Stage/StageOpBase.td"

def Stage_EncodeOp : Stage_WorkOp<"encode", (ins
    FlatSymbolRefAttr:$model,            /*encode_c1*/
    AnyTypeOf<[Agent_Text, Agent_List]>:$text), /*encode_c2*/
    [Pure, SymbolUser]> {
  let summary = "Embeds a text, or each text of a list.";
  let description = [{
    Work, for m texts of T tokens each:
      flops         = m (2 body_params T + 4 layers heads head_dim T T)
      bytes_read    = weight_bytes + 4 m T
      bytes_written = 4 m embedding_dim
    Every token attends to every token. Sources as for `stage.prefill`.

    Example:
    ```mlir
    %e = stage.encode @minilm(%text) : !agent.text -> !agent.embedding<384>
    ```
  }];
  let results = (outs
    AnyTypeOf<[Agent_Embedding, Agent_List]>:$embedding); /*encode_c2, c3*/
  let builders = [
    Short<(ins "::mlir::Type":$type, "::mlir::FlatSymbolRefAttr":$model,
               "::mlir::Value":$text), "text", ["model"], "type">];
  let assemblyFormat = [{
    $model `(` $text `)` attr-dict
    `:` qualified(type($text)) `->` qualified(type($embedding))
  }];
  let hasVerifier = 1;
}

def Stage_SearchOp : Stage_WorkOp<"search", (ins
    FlatSymbolRefAttr:$index,                  /*search_c1*/
    Agent_Embedding:$query,                    /*search_c2, search_c3*/
    ConfinedAttr<I64Attr, [IntPositive]>:$k),  /*search_c4*/
    [Pure, SymbolUser]> {
  let summary = "Finds the passages of an index nearest to an embedding.";
  let description = [{
    Work of an exact (flat) search over n vectors of d elements:
      flops         = 2 n d
      bytes_read    = 4 n d
      bytes_written = 16 k (a score and an index each)
    An upper bound for an approximate index.

    Example:
    ```mlir
    %d = stage.search @docs(%e) k(8) : !agent.embedding<384> -> !agent.docs
    ```
  }];
  let results = (outs Agent_Docs:$docs);
  let builders = [
    Short<(ins "::mlir::FlatSymbolRefAttr":$index, "::mlir::Value":$query,
               "::mlir::IntegerAttr":$k), "query", ["index", "k"], DocsResult>];
  let assemblyFormat = [{
    $index `(` $query `)` `k` `(` $k `)` attr-dict
    `:` qualified(type($query)) `->` qualified(type($docs))
  }];
}

def Stage_ScoreOp : Stage_WorkOp<"score", (ins
    FlatSymbolRefAttr:$model,                  /*score_c1*/
    Agent_Text:$query,
    Agent_Docs:$docs,
    ConfinedAttr<I64Attr, [IntPositive]>:$k),  /*score_c2*/
    [Pure, SymbolUser]> {
  let summary = "Scores passages against a query and keeps the best k.";
  let description = [{
    Work for m passages: that of `stage.encode` for m texts of T tokens, T being
    query and passage together; bytes_written = 8 m.

    Example:
    ```mlir
    %best = stage.score @ranker(%query, %docs) k(4) -> !agent.docs
    ```
  }];
  let results = (outs Agent_Docs:$best);
  let builders = [
    Short<(ins "::mlir::FlatSymbolRefAttr":$model, "::mlir::Value":$query,
               "::mlir::Value":$docs, "::mlir::IntegerAttr":$k), "query, docs",
          ["model", "k"], DocsResult>];
  let assemblyFormat = [{
    $model `(` $query `,` $docs `)` `k` `(` $k `)` attr-dict
    `->` qualified(type($best))
  }];
}

def Stage_ModuleOp : Stage_WorkOp<"module", (ins
    FlatSymbolRefAttr:$model,                  /*module_c1*/
    Variadic<AnyType>:$args),                  /*module_c2*/
    [Pure, SymbolUser]> {
  let summary = "Runs a torch module.";
  let description = [{
    Work: flops = 2 params, bytes_read = weight_bytes + bytes of the operands,
    bytes_written = bytes of the results: each parameter once, as in a dense
    layer at batch 1 (a lower bound where weights are shared: convolutions).

    Example:
    ```mlir
    %y = stage.module @critic(%x) : (tensor<1x8xf32>) -> f64
    ```
  }];
  let results = (outs Variadic<AnyType>:$outs); /*module_c2*/
  let builders = [OpBuilder<
    (ins "::mlir::TypeRange":$types, "::mlir::FlatSymbolRefAttr":$model,
         "::mlir::ValueRange":$args), [{
      build($_builder, $_state, types, model, args, {}, {}, {}, {}, {}, {});
    }]>];
  let assemblyFormat = [{
    $model `(` $args `)` attr-dict `:` functional-type($args, $outs)
  }];
  let hasVerifier = 1;
}

#endif // AGENTC_STAGE_MODEL_OPS
