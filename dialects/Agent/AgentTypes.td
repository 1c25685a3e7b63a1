//===- AgentTypes.td - types of the agent dialect ----------*- tablegen -*-===//

#ifndef AGENTC_AGENT_TYPES_TD
#define AGENTC_AGENT_TYPES_TD

include "dialects/Agent/AgentBase.td"

class Agent_TypeDef<string name, string typeMnemonic>
    : TypeDef<Agent_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Agent_Text : Agent_TypeDef<"Text", "text">,
    BuildableType<"$_builder.getType<::agentc::agent::TextType>()"> {
  let summary = "Unicode text.";
}

def Agent_Docs : Agent_TypeDef<"Docs", "docs">,
    BuildableType<"$_builder.getType<::agentc::agent::DocsType>()"> {
  let summary = "Ranked passages, best first.";
  let extraClassDeclaration = [{
    /// The record type of one passage.
    RecordType getPassageType() const;
  }];
}

def Agent_Session : Agent_TypeDef<"Session", "session">,
    BuildableType<"$_builder.getType<::agentc::agent::SessionType>()"> {
  let summary = "The history of one conversation with one model; immutable.";
}

def Agent_List : Agent_TypeDef<"List", "list"> {
  let summary = "Ordered values of one type.";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
  let genVerifyDecl = 1;
}

def Agent_Embedding : Agent_TypeDef<"Embedding", "embedding"> {
  let summary = "An L2-normalised vector of f32.";
  let parameters = (ins "int64_t":$dim);
  let assemblyFormat = "`<` $dim `>`";
  let genVerifyDecl = 1;
}

def Agent_Record : Agent_TypeDef<"Record", "record"> {
  let summary = "Named fields in a fixed order; equal when all of it is equal.";
  let parameters = (ins StringRefParameter<"record name">:$name,
                        ArrayRefParameter<"::mlir::StringAttr">:$fieldNames,
                        ArrayRefParameter<"::mlir::Type">:$fieldTypes);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The type of the field, or null when there is none of this name.
    ::mlir::Type getFieldType(::llvm::StringRef field) const;
    /// The error that `agent.try` hands to its catch region.
    static RecordType getError(::mlir::MLIRContext *context);
  }];
}

def Agent_Value : Type<CPred<"::agentc::agent::isValueType($_self)">,
    "agent value (text, list, record, docs, embedding, session, i1, i64, f64, "
    "or ranked tensor of f32 or i64)">;
def Agent_Printable : Type<CPred<"::agentc::agent::isPrintableType($_self)">,
    "printable value (text, i1, i64, f64, record, docs, or list of these)">;
def Agent_TextOrInteger : AnyTypeOf<[Agent_Text, I64]>;
def Agent_TextOrEmbedding : AnyTypeOf<[Agent_Text, Agent_Embedding]>;
def Agent_ListOrDocs : AnyTypeOf<[Agent_List, Agent_Docs]>;
def Agent_Number : AnyTypeOf<[I64, F64]>;
def Agent_Concatenable : AnyTypeOf<[Agent_Text, Agent_List, Agent_Docs]>;

#endif
