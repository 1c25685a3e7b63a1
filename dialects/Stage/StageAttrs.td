//===- StageAttrs.td - Attributes of the stage dialect -----*- tablegen -*-===//

#ifndef AGENTC_STAGE_ATTRS
#define AGENTC_STAGE_ATTRS

include "dialects/Stage/StageBase.td"
include "mlir/IR/AttrTypeBase.td"

def Stage_PlacementAttr : AttrDef<Stage_Dialect, "Placement"> {
  let mnemonic = "placement";
  let summary = "Where an operation runs, and how many of what.";
  let description = [{
    Written by the planner, read by `agentc-insert-transfers`,
    `agentc-verify-placement` and the plan writer. `tp` and `pp` are tensor and
    pipeline parallel degrees, `max_batch` the largest batch of one replica,
    `precision` the precision of the weights and activations.

    Example:
    ```mlir
    #stage.placement<"local-cpu", replicas = 1, tp = 1, pp = 1, max_batch = 8,
                     precision = "f32">
    ```
  }];
  let parameters = (ins
    StringRefParameter<"device class">:$device, /*placement_c1*/
    "int64_t":$replicas,                        /*placement_c2*/
    "int64_t":$tp,                              /*placement_c2*/
    "int64_t":$pp,                              /*placement_c2*/
    "int64_t":$max_batch,                       /*placement_c2*/
    StringRefParameter<"precision">:$precision  /*placement_c1*/
  );
  let assemblyFormat = [{
    `<` $device `,` struct($replicas, $tp, $pp, $max_batch, $precision) `>`
  }];
  let genVerifyDecl = 1;
}

def Stage_WorkAttr : AttrDef<Stage_Dialect, "Work"> {
  let mnemonic = "work";
  let summary = "The work of one execution of an operation.";
  let description = [{
    Written by `agentc-annotate-work`, read by the planner and copied into the
    plan. A multiply-add counts as 2 flops; `state_bytes` is the KV state that
    exists once the operation is done; `comm_bytes` crosses between devices or
    to a tool; `calls` is the number of launches (one for each decode step).

    Example:
    ```mlir
    #stage.work<flops = 1.0e9, bytes_read = 2.7e8, bytes_written = 4.6e5,
                state_bytes = 4.6e5, comm_bytes = 0.0, calls = 1.0>
    ```
  }];
  // All f64: a plain double has no hash to unique the attribute by.
  let parameters = (ins
    APFloatParameter<"multiply-adds count 2">:$flops,
    APFloatParameter<"from device memory">:$bytes_read,
    APFloatParameter<"to device memory">:$bytes_written,
    APFloatParameter<"KV held at the end">:$state_bytes,
    APFloatParameter<"between devices">:$comm_bytes,
    APFloatParameter<"launches">:$calls);
  let extraClassDeclaration = [{
    static WorkAttr get(::mlir::MLIRContext *context, const Work &work);
    Work getWork() const;
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1; /*work_c1*/
}

#endif // AGENTC_STAGE_ATTRS
