//===- StageOpBase.td - What all operations share ----------*- tablegen -*-===//

#ifndef AGENTC_STAGE_OP_BASE
#define AGENTC_STAGE_OP_BASE

include "dialects/Agent/AgentAttrs.td"
include "dialects/Agent/AgentTypes.td"
include "dialects/Stage/StageAttrs.td"
include "dialects/Stage/StageBase.td"
include "dialects/Stage/StageInterfaces.td"
include "dialects/Stage/StageTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// An operation that costs something. `attrs` are its own operands and
/// attributes; every such operation takes these optional ones too:
///   label         the user's name for the call
///   placement     where it runs; set by the planner
///   work          expected work of one execution; set by agentc-annotate-work
///   work_p95      the same at the 95th percentile of the token counts
///   est_tokens    {context, in, out}: token counts behind `work`
///   op_id         unique in the graph; set by agentc-split-calls
///   may_speculate may start before it is sure that it is needed
///   may_retry     may be repeated after a fault
class Stage_WorkOp<string mnemonic, dag attrs, list<Trait> traits = []>
    : Op<Stage_Dialect, mnemonic,
         traits # [DeclareOpInterfaceMethods<Stage_WorkOpInterface>]> {
  let arguments = !con(attrs, (ins
    OptionalAttr<StrAttr>:$label,
    OptionalAttr<Stage_PlacementAttr>:$placement,
    OptionalAttr<Stage_WorkAttr>:$work,
    OptionalAttr<Stage_WorkAttr>:$work_p95,
    OptionalAttr<DictionaryAttr>:$est_tokens,
    OptionalAttr<I64Attr>:$op_id,
    UnitAttr:$may_speculate,
    UnitAttr:$may_retry));
}

/// A builder that leaves the optional attributes out: `args` are its C++
/// parameters, `operands` the operands in order, `sets` the attributes, `types`
/// the result types.
class Short<dag args, string operands, list<string> sets, string types>
    : OpBuilder<args, "$_state.addOperands({" # operands # "});\n" #
        !foldl("", sets, acc, name, acc #
          "$_state.getOrAddProperties<Properties>()." # name # " = " # name #
          ";\n") #
        "::mlir::MLIRContext *context = $_builder.getContext();\n" #
        "(void)context;\n" #
        "$_state.addTypes({" # types # "});">;
defvar KvResult = "KvType::get(context)";
defvar DocsResult = "::agentc::agent::DocsType::get(context)";

/// An operation that names a symbol, which the verifier looks up.
defvar SymbolUser = DeclareOpInterfaceMethods<SymbolUserOpInterface>;

/// An operation whose effects follow from its attributes.
defvar OwnEffects = DeclareOpInterfaceMethods<MemoryEffectsOpInterface>;

#endif // AGENTC_STAGE_OP_BASE
