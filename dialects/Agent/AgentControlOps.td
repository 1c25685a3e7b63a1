//===- AgentControlOps.td - branches, loops, votes ---------*- tablegen -*-===//

#ifndef AGENTC_AGENT_CONTROL_OPS_TD
#define AGENTC_AGENT_CONTROL_OPS_TD

include "dialects/Agent/AgentAttrs.td"
include "dialects/Agent/AgentTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Agent_ControlOp<string mnemonic, list<Trait> traits = []>
    : Agent_Op<mnemonic, traits # [SingleBlock, RecursiveMemoryEffects]> {
  let hasRegionVerifier = 1;
}

def Agent_CondOp : Agent_ControlOp<"cond"> {
  let summary = "Runs one of two regions.";
  let arguments = (ins I1:$condition, OptionalAttr<F64Attr>:$p_true);
  let results = (outs Variadic<Agent_Value>:$results);
  let regions = (region SizedRegion<1>:$then_region,
                        SizedRegion<1>:$else_region);
  let assemblyFormat = [{
    $condition (`p_true` `(` $p_true^ `)`)? (`->` `(` type($results)^ `)`)?
    attr-dict-with-keyword $then_region `else` $else_region
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Agent_SwitchOp : Agent_ControlOp<"switch"> {
  let summary = "Runs the region of the equal case, or the default.";
  let arguments = (ins Agent_TextOrInteger:$selector,
                       ArrayAttr:$cases,
                       OptionalAttr<DenseF64ArrayAttr>:$weights);
  let results = (outs Variadic<Agent_Value>:$results);
  let regions = (region SizedRegion<1>:$default_region,
                        VariadicRegion<SizedRegion<1>>:$case_regions);
  let assemblyFormat = [{
    $selector `:` qualified(type($selector)) `cases` $cases
    (`weights` $weights^)? (`->` `(` type($results)^ `)`)?
    attr-dict-with-keyword $case_regions `default` $default_region
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Agent_LoopOp : Agent_ControlOp<"loop"> {
  let summary = "Runs its body until a break, at most max_iters times.";
  let arguments = (ins Variadic<Agent_Value>:$inits,
                       I64Attr:$max_iters,
                       OptionalAttr<F64Attr>:$p_stop,
                       OptionalAttr<Agent_Dist>:$iters);
  let results = (outs Variadic<Agent_Value>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Agent_BreakIfOp : Agent_Op<"break_if", [
    HasParent<"LoopOp"> /*agent_break_if_c1*/,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Ends the enclosing loop with these values when true.";
  let arguments = (ins I1:$condition, Variadic<Agent_Value>:$values);
  let assemblyFormat = [{
    $condition (`,` $values^ `:` type($values))? attr-dict
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Agent_MapOp : Agent_ControlOp<"map"> {
  let summary = "Runs its body on every element, in parallel.";
  let arguments = (ins Agent_ListOrDocs:$list,
                       OptionalAttr<Agent_Dist>:$width,
                       OptionalAttr<I64Attr>:$max_parallel);
  let results = (outs Variadic<Agent_List>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $list `:` qualified(type($list)) (`width` `(` qualified($width)^ `)`)?
    (`max_parallel` `(` $max_parallel^ `)`)?
    (`->` `(` qualified(type($results))^ `)`)?
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Agent_ParallelOp : Agent_ControlOp<"parallel"> {
  let summary = "Runs its regions in parallel and concatenates their results.";
  let results = (outs Variadic<Agent_Value>:$results);
  let regions = (region VariadicRegion<SizedRegion<1>>:$branches);
  let assemblyFormat = [{
    (`->` `(` type($results)^ `)`)? attr-dict-with-keyword $branches
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Agent_VoteOp : Agent_ControlOp<"vote"> {
  let summary = "Runs its body n times and reduces the answers to one.";
  let arguments = (ins I64Attr:$n,
                       Agent_VoteReduce:$reduce,
                       OptionalAttr<I64Attr>:$quorum,
                       UnitAttr:$cancel_rest);
  let results = (outs Agent_Value:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `n` `(` $n `)` $reduce (`quorum` `(` $quorum^ `)`)?
    (`cancel_rest` $cancel_rest^)? `->` `(` type($result) `)`
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
}

def Agent_RaceOp : Agent_ControlOp<"race", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs its regions in parallel; the first to finish wins.";
  let results = (outs Variadic<Agent_Value>:$results);
  let regions = (region VariadicRegion<SizedRegion<1>>:$branches);
  let assemblyFormat = [{
    (`->` `(` type($results)^ `)`)? attr-dict-with-keyword $branches
  }];
  let hasVerifier = 1;
}

def Agent_TryOp : Agent_ControlOp<"try"> {
  let summary = "Runs a region; when it throws, runs the other with the error.";
  let results = (outs Variadic<Agent_Value>:$results);
  let regions = (region SizedRegion<1>:$body, SizedRegion<1>:$catch_region);
  let assemblyFormat = [{
    (`->` `(` type($results)^ `)`)? attr-dict-with-keyword $body
    `catch` $catch_region
  }];
}

def Agent_YieldOp : Agent_Op<"yield", [
    Pure, Terminator, ParentOneOf<["CondOp", "SwitchOp", "LoopOp", "MapOp",
    "ParallelOp", "VoteOp", "RaceOp", "TryOp"]> /*agent_yield_c1*/]> {
  let summary = "Ends a region with its values.";
  let arguments = (ins Variadic<Agent_Value>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

def Agent_ThrowOp : Agent_Op<"throw", [
    Terminator, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    ParentOneOf<["CondOp", "SwitchOp", "LoopOp", "MapOp", "ParallelOp",
    "VoteOp", "RaceOp", "TryOp"]> /*agent_throw_c2*/]> {
  let summary = "Ends the run, or the enclosing try, with an error.";
  let arguments = (ins Agent_Text:$message, StrAttr:$kind);
  let assemblyFormat = "$message `kind` `(` $kind `)` attr-dict";
  let hasVerifier = 1;
}

#endif
