//===- AgentSymbolOps.td - models, tools, indexes, graphs --*- tablegen -*-===//

#ifndef AGENTC_AGENT_SYMBOL_OPS_TD
#define AGENTC_AGENT_SYMBOL_OPS_TD

include "dialects/Agent/AgentAttrs.td"
include "dialects/Agent/AgentTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Agent_ModelOp : Agent_Op<"model", [Symbol]> {
  let summary = "Names a model and where its weights are.";
  let arguments = (ins SymbolNameAttr:$sym_name,
                       Agent_ModelKind:$kind,
                       StrAttr:$source,
                       OptionalAttr<DictionaryAttr>:$dims);
  let assemblyFormat = [{
    $sym_name $kind `source` `(` $source `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Agent_ToolOp : Agent_Op<"tool", [Symbol]> {
  let summary = "Declares a tool: its signature, effects, latency and cost.";
  let arguments = (ins SymbolNameAttr:$sym_name,
                       StrArrayAttr:$arg_names,
                       TypeAttrOf<FunctionType>:$function_type,
                       Agent_ToolClass:$tool_class,
                       OptionalAttr<StrArrayAttr>:$reads,
                       OptionalAttr<StrArrayAttr>:$writes,
                       OptionalAttr<F64Attr>:$timeout_s,
                       DefaultValuedAttr<I64Attr, "0">:$retries,
                       OptionalAttr<Agent_Dist>:$latency,
                       OptionalAttr<F64Attr>:$cost_usd,
                       OptionalAttr<StrAttr>:$doc);
  let assemblyFormat = [{
    $sym_name `` custom<ToolSignature>($arg_names, $function_type)
    `class` `(` $tool_class `)`
    oilist(`reads` `(` $reads `)` | `writes` `(` $writes `)`
      | `timeout_s` `(` $timeout_s `)` | `retries` `(` $retries `)`
      | `latency` `(` qualified($latency) `)`
      | `cost_usd` `(` $cost_usd `)` | `doc` `(` $doc `)`)
    attr-dict
  }];
  let extraClassDeclaration = [{
    ::mlir::Type getResultType() { return getFunctionType().getResult(0); }
  }];
  let hasVerifier = 1;
}

def Agent_IndexOp : Agent_Op<"index", [
    Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Names a set of passages and the model that embeds them.";
  let arguments = (ins SymbolNameAttr:$sym_name,
                       StrAttr:$source,
                       FlatSymbolRefAttr:$embedder,
                       OptionalAttr<I64Attr>:$count,
                       OptionalAttr<I64Attr>:$chunk_tokens);
  let assemblyFormat = [{
    $sym_name `source` `(` $source `)` `embedder` `(` $embedder `)`
    oilist(`count` `(` $count `)` | `chunk_tokens` `(` $chunk_tokens `)`)
    attr-dict
  }];
  let hasVerifier = 1;
}

def Agent_SchemaOp : Agent_Op<"schema", [Symbol]> {
  let summary = "A record type and the JSON Schema that text must satisfy.";
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<Agent_Record>:$type,
                       StrAttr:$json);
  let assemblyFormat = "$sym_name `:` $type `json` `(` $json `)` attr-dict";
  let hasVerifier = 1;
}

def Agent_GraphOp : Agent_Op<"graph", [
    FunctionOpInterface, IsolatedFromAbove, SingleBlock]> {
  let summary = "One agent program.";
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs,
                       OptionalAttr<Agent_Sla>:$sla,
                       OptionalAttr<Agent_Budget>:$budget,
                       OptionalAttr<StrArrayAttr>:$result_names);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
  let hasRegionVerifier = 1;
}

def Agent_ReturnOp : Agent_Op<"return", [
    Pure, HasParent<"GraphOp"> /*agent_return_c2*/, Terminator]> {
  let summary = "Ends a graph with its results.";
  let arguments = (ins Variadic<Agent_Value>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let hasVerifier = 1;
}

#endif
