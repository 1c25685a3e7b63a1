//===- AgentBase.td - the agent dialect and its enums ------*- tablegen -*-===//

#ifndef AGENTC_AGENT_BASE_TD
#define AGENTC_AGENT_BASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Agent_Dialect : Dialect {
  let name = "agent";
  let cppNamespace = "::agentc::agent";
  let summary = "What an agent does: calls, tools, data and control flow.";
  let description = [{
    One `agent.graph` is one program of calls to models, indexes and tools with
    typed values between them. It says nothing about devices.
    See docs/spec.md.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    // Each in the file that includes the generated definitions.
    void registerAttributes();
    void registerTypes();
    void registerOperations();
  }];
}

class Agent_Op<string mnemonic, list<Trait> traits = []>
    : Op<Agent_Dialect, mnemonic, traits>;

class Agent_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::agentc::agent";
}

def Agent_ModelKind : Agent_Enum<"ModelKind", "kind of a model", [
    I32EnumAttrCase<"LLM", 0, "llm">,
    I32EnumAttrCase<"Encoder", 1, "encoder">,
    I32EnumAttrCase<"CrossEncoder", 2, "cross_encoder">,
    I32EnumAttrCase<"Torch", 3, "torch">]>;

def Agent_ToolClass : Agent_Enum<"ToolClass", "what repeating a tool does", [
    I32EnumAttrCase<"Pure", 0, "pure">,
    I32EnumAttrCase<"Idempotent", 1, "idempotent">,
    I32EnumAttrCase<"Stageable", 2, "stageable">,
    I32EnumAttrCase<"Irreversible", 3, "irreversible">]>;

def Agent_VoteReduce : Agent_Enum<"VoteReduce", "how votes are reduced", [
    I32EnumAttrCase<"Majority", 0, "majority">,
    I32EnumAttrCase<"Mean", 1, "mean">,
    I32EnumAttrCase<"Median", 2, "median">]>;

def Agent_ComparePredicate
    : Agent_Enum<"ComparePredicate", "comparison predicate", [
    I32EnumAttrCase<"EQ", 0, "eq">, I32EnumAttrCase<"NE", 1, "ne">,
    I32EnumAttrCase<"LT", 2, "lt">, I32EnumAttrCase<"LE", 3, "le">,
    I32EnumAttrCase<"GT", 4, "gt">, I32EnumAttrCase<"GE", 5, "ge">,
    I32EnumAttrCase<"Contains", 6, "contains">]>;

def Agent_BinaryKind : Agent_Enum<"BinaryKind", "arithmetic operation", [
    I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
    I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
    I32EnumAttrCase<"Mod", 4, "mod">]>;

def Agent_DistKind : Agent_Enum<"DistKind", "family of a distribution", [
    I32EnumAttrCase<"Constant", 0, "constant">,
    I32EnumAttrCase<"Uniform", 1, "uniform">,
    I32EnumAttrCase<"Lognormal", 2, "lognormal">,
    I32EnumAttrCase<"Categorical", 3, "categorical">,
    I32EnumAttrCase<"Empirical", 4, "empirical">]>;

def Agent_Provenance : Agent_Enum<"Provenance", "where a number is from", [
    I32EnumAttrCase<"Declared", 0, "declared">,
    I32EnumAttrCase<"Imported", 1, "imported">,
    I32EnumAttrCase<"Profiled", 2, "profiled">]>;

#endif
