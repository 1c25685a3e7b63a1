//===- StageInterfaces.td - What a piece of work costs -----*- tablegen -*-===//

#ifndef AGENTC_STAGE_INTERFACES
#define AGENTC_STAGE_INTERFACES

include "mlir/IR/OpBase.td"

def Stage_WorkOpInterface : OpInterface<"WorkOpInterface"> {
  let cppNamespace = "::agentc::stage";
  let description = [{
    Implemented by every operation of the stage dialect that costs something.
    The formula of each operation stands in its description and, with its
    source, in docs/spec-stage.md.
  }];
  let methods = [
    InterfaceMethod<[{
        Returns the work of one execution when the token counts and the model
        dimensions are those of `context`.
      }],
      "::agentc::stage::Work", "estimateWork",
      (ins "const ::agentc::stage::WorkContext &":$context)>,
    InterfaceMethod<[{
        Returns the `agent.model` whose dimensions the work depends on, or null.
      }],
      "::mlir::FlatSymbolRefAttr", "getWorkModel", (ins), [{
        return $_op->template getAttrOfType<::mlir::FlatSymbolRefAttr>("model");
      }]>,
    InterfaceMethod<"Returns the placement, or null before planning.",
      "::agentc::stage::PlacementAttr", "getPlacement", (ins),
      [{ return $_op.getPlacementAttr(); }]>,
    InterfaceMethod<"Sets the placement.",
      "void", "setPlacement", (ins "::agentc::stage::PlacementAttr":$placement),
      [{ $_op.setPlacementAttr(placement); }]>,
  ];
}

#endif // AGENTC_STAGE_INTERFACES
