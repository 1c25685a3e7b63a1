//===- AgentWorkOps.td - model, index and tool calls -------*- tablegen -*-===//

#ifndef AGENTC_AGENT_WORK_OPS_TD
#define AGENTC_AGENT_WORK_OPS_TD

include "dialects/Agent/AgentAttrs.td"
include "dialects/Agent/AgentTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// Every work op refers to symbols of the module and may have a label: the name
// that the user gave the call.
class Agent_WorkOp<string mnemonic, list<Trait> traits = []>
    : Agent_Op<mnemonic,
        traits # [DeclareOpInterfaceMethods<SymbolUserOpInterface>]>;

def Agent_PromptOp : Agent_Op<"prompt", [Pure]> {
  let summary = "Fills a template.";
  let arguments = (ins StrAttr:$template_text,
                       StrArrayAttr:$arg_names,
                       Variadic<Agent_Printable>:$args);
  let results = (outs Agent_Text:$result);
  let assemblyFormat = [{
    $template_text `` custom<NamedOperands>($arg_names, $args, type($args))
    attr-dict `:` qualified(type($result))
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Agent_GenerateOp : Agent_WorkOp<"generate", [
    AttrSizedOperandSegments,
    InferTypeOpAdaptor,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Generates text with an llm.";
  let arguments = (ins FlatSymbolRefAttr:$model,
                       Agent_Text:$prompt,
                       Optional<Agent_Text>:$system,
                       Optional<Agent_Session>:$session,
                       I64Attr:$max_tokens,
                       DefaultValuedAttr<F64Attr, "0.0">:$temperature,
                       OptionalAttr<I64Attr>:$top_k,
                       OptionalAttr<F64Attr>:$top_p,
                       OptionalAttr<F64Attr>:$min_p,
                       OptionalAttr<I64Attr>:$seed,
                       OptionalAttr<StrArrayAttr>:$stop,
                       OptionalAttr<FlatSymbolRefAttr>:$schema,
                       OptionalAttr<StrArrayAttr>:$choices,
                       OptionalAttr<StrAttr>:$regex,
                       OptionalAttr<Agent_Dist>:$out_tokens,
                       UnitAttr:$stream,
                       OptionalAttr<I64Attr>:$site,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs Agent_Text:$text,
                      Optional<Agent_Session>:$session_out);
  let assemblyFormat = [{
    $model `(` $prompt `)` (`system` `(` $system^ `)`)?
    (`session` `(` $session^ `)`)? `max_tokens` `(` $max_tokens `)`
    oilist(`temperature` `(` $temperature `)` | `top_k` `(` $top_k `)`
      | `top_p` `(` $top_p `)` | `min_p` `(` $min_p `)` | `seed` `(` $seed `)`
      | `stop` `(` $stop `)` | `schema` `(` $schema `)`
      | `choices` `(` $choices `)` | `regex` `(` $regex `)`
      | `out_tokens` `(` qualified($out_tokens) `)` | `stream` $stream)
    attr-dict
  }];
  let extraClassDeclaration = [{
    /// Greedy calls are functions of their inputs.
    bool isGreedy() { return getTemperature().isZero(); }
  }];
  let hasVerifier = 1;
}

def Agent_ParseOp : Agent_WorkOp<"parse", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Reads a record from JSON text; throws when it is not valid.";
  let arguments = (ins FlatSymbolRefAttr:$schema, Agent_Text:$text);
  let results = (outs Agent_Record:$result);
  let assemblyFormat = [{
    $schema $text attr-dict `:` qualified(type($result))
  }];
}

def Agent_EmbedOp : Agent_WorkOp<"embed", [Pure]> {
  let summary = "Embeds one text, or every text of a list.";
  let arguments = (ins FlatSymbolRefAttr:$model,
                       AnyTypeOf<[Agent_Text, Agent_List]>:$text,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs AnyTypeOf<[Agent_Embedding, Agent_List]>:$result);
  let assemblyFormat = [{
    $model `(` $text `)` attr-dict
    `:` qualified(type($text)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Agent_RetrieveOp : Agent_WorkOp<"retrieve", [Pure]> {
  let summary = "Finds the k passages of an index nearest to a query.";
  let arguments = (ins FlatSymbolRefAttr:$index,
                       Agent_TextOrEmbedding:$query,
                       I64Attr:$k,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs Agent_Docs:$result);
  let assemblyFormat = [{
    $index `(` $query `)` `k` `(` $k `)` attr-dict
    `:` qualified(type($query)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Agent_RerankOp : Agent_WorkOp<"rerank", [Pure]> {
  let summary = "Scores passages against a query and keeps the best k.";
  let arguments = (ins FlatSymbolRefAttr:$model,
                       Agent_Text:$query,
                       Agent_Docs:$docs,
                       I64Attr:$k,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs Agent_Docs:$result);
  let assemblyFormat = [{
    $model `(` $query `,` $docs `)` `k` `(` $k `)` attr-dict
    `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Agent_CallToolOp : Agent_WorkOp<"call_tool", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Calls a tool with its arguments in the declared order.";
  let arguments = (ins FlatSymbolRefAttr:$tool,
                       Variadic<Agent_Value>:$args,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs Agent_Value:$result);
  let assemblyFormat = [{
    $tool `(` $args `)` attr-dict `:` functional-type($args, $result)
  }];
}

def Agent_AwaitEventOp : Agent_Op<"await_event", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Waits for a person or another system to give a value.";
  let arguments = (ins StrAttr:$event,
                       Optional<Agent_Printable>:$prompt,
                       OptionalAttr<F64Attr>:$timeout_s,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs Agent_Value:$result);
  let assemblyFormat = [{
    $event (`(` $prompt^ `:` qualified(type($prompt)) `)`)?
    (`timeout_s` `(` $timeout_s^ `)`)? attr-dict
    `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

def Agent_ModuleOp : Agent_WorkOp<"module", [Pure]> {
  let summary = "Runs a tensor module.";
  let arguments = (ins FlatSymbolRefAttr:$model,
                       Variadic<Agent_Value>:$args,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs Variadic<Agent_Value>:$results);
  let assemblyFormat = [{
    $model `(` $args `)` attr-dict `:` functional-type($args, $results)
  }];
  let hasVerifier = 1;
}

def Agent_OpenSessionOp : Agent_WorkOp<"open_session", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Opens the conversation of this name with a model.";
  let arguments = (ins FlatSymbolRefAttr:$model,
                       StrAttr:$session_name,
                       Optional<Agent_Text>:$system);
  let results = (outs Agent_Session:$session);
  let assemblyFormat = [{
    $model $session_name (`system` `(` $system^ `)`)? attr-dict
    `->` qualified(type($session))
  }];
  let hasVerifier = 1;
}

def Agent_AppendSessionOp : Agent_Op<"append_session", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Adds a message to a conversation.";
  let arguments = (ins Agent_Session:$session, Agent_Text:$text, StrAttr:$role);
  let results = (outs Agent_Session:$result);
  let assemblyFormat = [{
    $session `,` $text `role` `(` $role `)` attr-dict
    `->` qualified(type($result))
  }];
  let hasVerifier = 1;
}

#endif
