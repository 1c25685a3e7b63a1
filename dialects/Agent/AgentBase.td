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

class Agent_Enum<string name, string summary, list<I32EnumCase> cases>
    : I32Enum<name, summary, cases> {
  let cppNamespace = "::agentc::agent";
}

def Agent_ModelKind : Agent_Enum<"ModelKind", "kind of a model", [
    I32EnumCase<"LLM", 0, "llm">,
    I32EnumCase<"Encoder", 1, "encoder">,
    I32EnumCase<"CrossEncoder", 2, "cross_encoder">,
    I32EnumCase<"Torch", 3, "torch">]>;

def Agent_ToolClass : Agent_Enum<"ToolClass", "what repeating a tool does", [
    I32EnumCase<"Pure", 0, "pure">,
    I32EnumCase<"Idempotent", 1, "idempotent">,
    I32EnumCase<"Stageable", 2, "stageable">,
    I32EnumCase<"Irreversible", 3, "irreversible">]>;

def Agent_VoteReduce : Agent_Enum<"VoteReduce", "how votes are reduced", [
    I32EnumCase<"Majority", 0, "majority">,
    I32EnumCase<"Mean", 1, "mean">,
    I32EnumCase<"Median", 2, "median">]>;

def Agent_ComparePredicate
    : Agent_Enum<"ComparePredicate", "comparison predicate", [
    I32EnumCase<"EQ", 0, "eq">, I32EnumCase<"NE", 1, "ne">,
    I32EnumCase<"LT", 2, "lt">, I32EnumCase<"LE", 3, "le">,
    I32EnumCase<"GT", 4, "gt">, I32EnumCase<"GE", 5, "ge">,
    I32EnumCase<"Contains", 6, "contains">]>;

def Agent_BinaryKind : Agent_Enum<"BinaryKind", "arithmetic operation", [
    I32EnumCase<"Add", 0, "add">, I32EnumCase<"Sub", 1, "sub">,
    I32EnumCase<"Mul", 2, "mul">, I32EnumCase<"Div", 3, "div">,
    I32EnumCase<"Mod", 4, "mod">]>;

def Agent_DistKind : Agent_Enum<"DistKind", "family of a distribution", [
    I32EnumCase<"Constant", 0, "constant">,
    I32EnumCase<"Uniform", 1, "uniform">,
    I32EnumCase<"Lognormal", 2, "lognormal">,
    I32EnumCase<"Categorical", 3, "categorical">,
    I32EnumCase<"Empirical", 4, "empirical">]>;

def Agent_Provenance : Agent_Enum<"Provenance", "where a number is from", [
    I32EnumCase<"Declared", 0, "declared">,
    I32EnumCase<"Imported", 1, "imported">,
    I32EnumCase<"Profiled", 2, "profiled">]>;

def Agent_ModelKindAttr
    : EnumAttr<Agent_Dialect, Agent_ModelKind, "model_kind">;
def Agent_ToolClassAttr
    : EnumAttr<Agent_Dialect, Agent_ToolClass, "tool_class">;
def Agent_VoteReduceAttr
    : EnumAttr<Agent_Dialect, Agent_VoteReduce, "vote_reduce">;
def Agent_ComparePredicateAttr
    : EnumAttr<Agent_Dialect, Agent_ComparePredicate, "compare_predicate">;
def Agent_BinaryKindAttr
    : EnumAttr<Agent_Dialect, Agent_BinaryKind, "binary_kind">;

#endif
