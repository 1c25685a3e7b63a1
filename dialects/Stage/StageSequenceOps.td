//===- StageSequenceOps.td - Tokens, sequences, KV ---------*- tablegen -*-===//

#ifndef AGENTC_STAGE_SEQUENCE_OPS
#define AGENTC_STAGE_SEQUENCE_OPS

include "dialects/Stage/StageOpBase.td"

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

def Stage_TokenizeOp : Stage_WorkOp<"tokenize", (ins
    FlatSymbolRefAttr:$model,            /*tokenize_c1*/
    StrAttr:$template_text,                  /*tokenize_c2, tokenize_c3*/
    StrArrayAttr:$arg_names,             /*tokenize_c3, tokenize_c4*/
    Variadic<Agent_Value>:$args),        /*tokenize_c4, tokenize_c5*/
    [Pure, SymbolUser]> {
  let summary = "Turns a template and its values into token ids of a model.";
  let description = [{
    Each piece of the template is tokenised alone and the ids are concatenated,
    so equal leading pieces give equal leading tokens. Besides `{name}`, `{|}`,
    `{{` and `}}` the template holds scaffold markers, which stand for the
    model's chat format: `{<role}` begins and `{role>}` ends a message of role
    `system`, `user`, `assistant` or `tool`, and `{<default>}` is the system
    message that the format writes when the caller gives none, which may be
    nothing. Only scaffolds parse special tokens.

    Work: bytes_read = 4 T characters, bytes_written = 4 T (32-bit ids), with T
    the token count and 4 characters a token.

    Example:
    ```mlir
    %t = stage.tokenize @smol "{<user}Sum up: {x}{user>}{<assistant}"(
           x = %x : !agent.text) -> !stage.tokens
    ```
  }];
  let results = (outs Stage_Tokens:$tokens);
  let builders = [OpBuilder<
    (ins "::mlir::FlatSymbolRefAttr":$model, "::llvm::StringRef":$text,
         "::llvm::ArrayRef<::llvm::StringRef>":$names,
         "::mlir::ValueRange":$args), [{
      build($_builder, $_state, TokensType::get($_builder.getContext()), model,
            $_builder.getStringAttr(text), $_builder.getStrArrayAttr(names),
            args, {}, {}, {}, {}, {}, {});
    }]>];
  let assemblyFormat = [{
    $model $template_text ``
    custom<NamedOperands>($arg_names, $args, type($args))
    attr-dict `->` qualified(type($tokens))
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// KV and the work on it
//===----------------------------------------------------------------------===//

def Stage_KvOpenOp : Stage_WorkOp<"kv.open", (ins
    FlatSymbolRefAttr:$model,            /*kv.open_c1*/
    OptionalAttr<StrAttr>:$session),     /*kv.open_c2*/
    [SymbolUser, OwnEffects]> {
  let summary = "Starts an empty sequence.";
  let description = [{
    `session` is the user's name for it: for traces, affinity and KV policies.

    Work: none.

    Example:
    ```mlir
    %kv = stage.kv.open @smol session "chat" -> !stage.kv
    ```
  }];
  let results = (outs Stage_Kv:$kv_out);
  let builders = [
    Short<(ins "::mlir::FlatSymbolRefAttr":$model), "", ["model"], KvResult>];
  let assemblyFormat = [{
    $model (`session` $session^)? attr-dict `->` qualified(type($kv_out))
  }];
  let hasVerifier = 1;
}

def Stage_PrefillOp : Stage_WorkOp<"prefill", (ins
    FlatSymbolRefAttr:$model,            /*prefill_c1*/
    Stage_Kv:$kv,                        /*prefill_c2*/
    Stage_Tokens:$tokens),               /*prefill_c3*/
    [Pure, SymbolUser]> {
  let summary = "Computes the KV of new tokens behind a snapshot.";
  let description = [{
    Work, with T new tokens behind C tokens of context, k = KV bytes of a token:
      flops         = 2 body_params T
                      + 4 layers heads head_dim (T C + T (T + 1) / 2)
      bytes_read    = weight_bytes + k (C + T)
      bytes_written = k T
      state_bytes   = k (C + T)
    The output head is not counted: only a decode asks for logits. KV is read
    once, as an attention kernel that keeps the scores on chip does. Source:
    Kaplan et al. 2020, arXiv 2001.08361, section 2.1, for 2 flops a parameter
    and token; Pope et al. 2022, arXiv 2211.05102, for the KV bytes.

    Example:
    ```mlir
    %kv1 = stage.prefill @smol %kv0, %tokens -> !stage.kv
    ```
  }];
  let results = (outs Stage_Kv:$kv_out);
  let builders = [
    Short<(ins "::mlir::FlatSymbolRefAttr":$model, "::mlir::Value":$kv,
               "::mlir::Value":$tokens), "kv, tokens", ["model"], KvResult>];
  let assemblyFormat = [{
    $model $kv `,` $tokens attr-dict `->` qualified(type($kv_out))
  }];
}

def Stage_DecodeOp : Stage_WorkOp<"decode", (ins
    FlatSymbolRefAttr:$model,                                  /*decode_c1*/
    Stage_Kv:$kv,                                              /*decode_c2*/
    ConfinedAttr<I64Attr, [IntPositive]>:$max_tokens,          /*decode_c3*/
    DefaultValuedAttr<F64Attr, "0.0">:$temperature,            /*decode_c4*/
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$top_k, /*decode_c5*/
    OptionalAttr<F64Attr>:$top_p,                              /*decode_c6*/
    OptionalAttr<F64Attr>:$min_p,                              /*decode_c6*/
    OptionalAttr<I64Attr>:$seed,
    OptionalAttr<StrArrayAttr>:$stop,                          /*decode_c7*/
    OptionalAttr<FlatSymbolRefAttr>:$schema,                   /*decode_c8, c9*/
    OptionalAttr<StrArrayAttr>:$choices,                     /*decode_c8, c10*/
    OptionalAttr<StrAttr>:$regex,                              /*decode_c8*/
    OptionalAttr<Agent_Dist>:$out_tokens,
    UnitAttr:$stream,
    OptionalAttr<I64Attr>:$site),
    [SymbolUser, OwnEffects]> {
  let summary = "Samples text behind a snapshot, token by token.";
  let description = [{
    Ends at an end token, a stop string or after `max_tokens`. The attributes
    are those of `agent.generate`. Pure when greedy and not streamed.

    Work, with n output tokens behind C tokens of context, k = KV bytes of a
    token and s = n C + n (n + 1) / 2:
      flops         = 2 params n + 4 layers heads head_dim s
      bytes_read    = n weight_bytes + k s
      bytes_written = k n
      state_bytes   = k (C + n)
      calls         = n
    `params` includes the vocab * d_model products of the output head. Sources
    as for `stage.prefill`; at batch 1 every step reads all weights.

    Example:
    ```mlir
    %text, %kv2 = stage.decode @smol %kv1 max_tokens(64) temperature(0.7)
                    site(3) -> (!agent.text, !stage.kv)
    ```
  }];
  let results = (outs Agent_Text:$text, Stage_Kv:$kv_out);
  let assemblyFormat = [{
    $model $kv `max_tokens` `(` $max_tokens `)`
    oilist(`temperature` `(` $temperature `)` | `top_k` `(` $top_k `)`
      | `top_p` `(` $top_p `)` | `min_p` `(` $min_p `)` | `seed` `(` $seed `)`
      | `stop` `(` $stop `)` | `schema` `(` $schema `)`
      | `choices` `(` $choices `)` | `regex` `(` $regex `)`
      | `out_tokens` `(` qualified($out_tokens) `)` | `stream` $stream
      | `site` `(` $site `)`) attr-dict
    `->` `(` qualified(type($text)) `,` qualified(type($kv_out)) `)`
  }];
  let hasVerifier = 1;
}

def Stage_KvForkOp : Stage_WorkOp<"kv.fork", (ins Stage_Kv:$kv),
    [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Gives a second snapshot that shares the pages of the first.";
  let description = [{
    Both may be extended after it. Full pages are shared by reference.

    Work: state_bytes = k C. The last page of 16 tokens, half full on average,
    is copied when a fork writes: bytes_read = bytes_written = k min(8, C).

    Example:
    ```mlir
    %b = stage.kv.fork %a -> !stage.kv
    ```
  }];
  let results = (outs Stage_Kv:$kv_out);
  let builders = [Short<(ins "::mlir::Value":$kv), "kv", [], KvResult>];
  let assemblyFormat = "$kv attr-dict `->` qualified(type($kv_out))";
}

def Stage_KvAppendOp : Stage_WorkOp<"kv.append", (ins
    Stage_Kv:$kv,
    Stage_Tokens:$tokens), [Pure]> {     /*kv.append_c1*/
  let summary = "Joins tokens to a sequence without computing their KV yet.";
  let description = [{
    The next prefill or decode computes it, and its work includes these tokens.

    Work: bytes_written = 4 T (32-bit ids).

    Example:
    ```mlir
    %kv1 = stage.kv.append %kv0, %tokens -> !stage.kv
    ```
  }];
  let results = (outs Stage_Kv:$kv_out);
  let builders = [
    Short<(ins "::mlir::Value":$kv, "::mlir::Value":$tokens), "kv, tokens", [],
          KvResult>];
  let assemblyFormat = [{
    $kv `,` $tokens attr-dict `->` qualified(type($kv_out))
  }];
  let hasVerifier = 1;
}

def Stage_KvParkOp : Stage_WorkOp<"kv.park", (ins
    Stage_Kv:$kv,
    OptionalAttr<Agent_Dist>:$idle,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>
      :$steps_to_use),                   /*kv.park_c1*/
    [OwnEffects]> {
  let summary = "Says that a sequence waits; its pages may be swapped out.";
  let description = [{
    `idle` is how long it waits, in seconds; `steps_to_use` how many stage
    operations run before it is used again. `stage.kv.resume` ends the wait.

    Work: state_bytes = k C. What is moved is the runtime's policy, not counted.

    Example:
    ```mlir
    %p = stage.kv.park %kv idle(#agent.dist<lognormal [1.0, 4.0] declared>)
           steps_to_use(1) -> !stage.kv
    ```
  }];
  let results = (outs Stage_Kv:$kv_out);
  let builders = [Short<(ins "::mlir::Value":$kv), "kv", [], KvResult>];
  let assemblyFormat = [{
    $kv (`idle` `(` qualified($idle)^ `)`)?
    (`steps_to_use` `(` $steps_to_use^ `)`)? attr-dict
    `->` qualified(type($kv_out))
  }];
}

def Stage_KvResumeOp : Stage_WorkOp<"kv.resume", (ins
    Stage_Kv:$kv,                        /*kv.resume_c1*/
    Variadic<AnyType>:$after),
    [OwnEffects]> {
  let summary = "Ends the wait of a parked sequence.";
  let description = [{
    `after` are the values that it waited for: it starts when they are there.

    Work: state_bytes = k C, as for `stage.kv.park`.

    Example:
    ```mlir
    %kv1 = stage.kv.resume %parked after(%answer : !agent.text) -> !stage.kv
    ```
  }];
  let results = (outs Stage_Kv:$kv_out);
  let builders = [OpBuilder<
    (ins "::mlir::Value":$kv, CArg<"::mlir::ValueRange", "{}">:$after), [{
      build($_builder, $_state, KvType::get($_builder.getContext()), kv, after,
            {}, {}, {}, {}, {}, {});
    }]>];
  let assemblyFormat = [{
    $kv (`after` `(` $after^ `:` type($after) `)`)? attr-dict
    `->` qualified(type($kv_out))
  }];
  let hasVerifier = 1;
}

def Stage_KvCloseOp : Stage_WorkOp<"kv.close", (ins Stage_Kv:$kv),
    [OwnEffects]> {
  let summary = "Gives a snapshot up; pages that nobody else holds go.";
  let description = [{
    Work: none.

    Example:
    ```mlir
    stage.kv.close %kv
    ```
  }];
  let builders = [Short<(ins "::mlir::Value":$kv), "kv", [], "">];
  let assemblyFormat = "$kv attr-dict";
}

def Stage_KvMoveOp : Stage_WorkOp<"kv.move", (ins
    Stage_Kv:$kv,
    StrAttr:$to), [Pure]> {               /*kv.move_c1*/
  let summary = "Moves a sequence's KV to another device class.";
  let description = [{
    Pages are converted between the layouts of the two classes; the sequence
    continues as if it had never moved (bit for bit at equal precision).

    Work: comm_bytes = bytes_read = bytes_written = state_bytes = k C.

    Example:
    ```mlir
    %kv1 = stage.kv.move %kv0 to "h200" -> !stage.kv
    ```
  }];
  let results = (outs Stage_Kv:$kv_out);
  let builders = [
    Short<(ins "::mlir::Value":$kv, "::mlir::StringAttr":$to), "kv", ["to"],
          KvResult>];
  let assemblyFormat = "$kv `to` $to attr-dict `->` qualified(type($kv_out))";
  let hasVerifier = 1;
}

#endif // AGENTC_STAGE_SEQUENCE_OPS
