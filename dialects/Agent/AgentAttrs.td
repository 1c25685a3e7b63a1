//===- AgentAttrs.td - attributes of the agent dialect -----*- tablegen -*-===//

#ifndef AGENTC_AGENT_ATTRS_TD
#define AGENTC_AGENT_ATTRS_TD

include "dialects/Agent/AgentBase.td"

class Agent_AttrDef<string name, string attrMnemonic>
    : AttrDef<Agent_Dialect, name> {
  let mnemonic = attrMnemonic;
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Agent_Dist : Agent_AttrDef<"Dist", "dist"> {
  let summary = "A distribution of a quantity and where it was learned from.";
  let parameters = (ins "::agentc::agent::DistKind":$kind,
                        "::mlir::DenseF64ArrayAttr":$values,
                        OptionalParameter<"::mlir::DenseF64ArrayAttr">:$weights,
                        "::agentc::agent::Provenance":$provenance);
  let extraClassDeclaration = [{
    /// The expected value.
    double getMean() const;
    /// The value that a share `q` in [0, 1] of the draws do not exceed.
    double getQuantile(double q) const;
  }];
}

def Agent_Sla : Agent_AttrDef<"Sla", "sla"> {
  let summary = "Latency percentiles in seconds and availability to hold.";
  let parameters = (ins OptionalParameter<"::mlir::FloatAttr">:$p50_s,
                        OptionalParameter<"::mlir::FloatAttr">:$p95_s,
                        OptionalParameter<"::mlir::FloatAttr">:$p99_s,
                        OptionalParameter<"::mlir::FloatAttr">:$ttft_p95_s,
                        OptionalParameter<"::mlir::FloatAttr">:$availability);
}

def Agent_Budget : Agent_AttrDef<"Budget", "budget"> {
  let summary = "What one run may spend.";
  let parameters = (ins OptionalParameter<"::mlir::FloatAttr">:$usd,
                        OptionalParameter<"::mlir::IntegerAttr">:$tokens,
                        OptionalParameter<"::mlir::FloatAttr">:$wall_s);
}

#endif
