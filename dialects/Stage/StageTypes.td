//===- StageTypes.td - Types of the stage dialect ----------*- tablegen -*-===//

#ifndef AGENTC_STAGE_TYPES
#define AGENTC_STAGE_TYPES

include "dialects/Stage/StageBase.td"
include "mlir/IR/AttrTypeBase.td"

class Stage_Type<string name, string typeMnemonic>
    : TypeDef<Stage_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Stage_Tokens : Stage_Type<"Tokens", "tokens">,
    BuildableType<"$_builder.getType<::agentc::stage::TokensType>()"> {
  let summary = "A run of token ids of one model's vocabulary.";
}

def Stage_Kv : Stage_Type<"Kv", "kv">,
    BuildableType<"$_builder.getType<::agentc::stage::KvType>()"> {
  let summary = "An immutable snapshot of a sequence and its KV state.";
  let description = [{
    Pages are reference-counted, so a snapshot costs nothing until one of its
    forks writes. See `stage.kv.fork`.
  }];
}

def Stage_Handle : Stage_Type<"Handle", "handle"> {
  let summary = "A started call whose result is not there yet.";
  let parameters = (ins "::mlir::Type":$valueType); /*handle_c1*/
  let builders = [
    TypeBuilderWithInferredContext<(ins "::mlir::Type":$valueType), [{
      return $_get(valueType.getContext(), valueType);
    }]>];
  let assemblyFormat = "`<` $valueType `>`";
  let genVerifyDecl = 1;
}

#endif // AGENTC_STAGE_TYPES
