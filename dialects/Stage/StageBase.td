//===- StageBase.td - The stage dialect --------------------*- tablegen -*-===//
//
// What pieces of work an agent is made of, and which state they share.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_STAGE_BASE
#define AGENTC_STAGE_BASE

include "mlir/IR/OpBase.td"

def Stage_Dialect : Dialect {
  let name = "stage";
  let cppNamespace = "::agentc::stage";
  let summary = "Pieces of work, and the state that they share.";
  let description = [{
    Level 2 of agentc. A call of the `agent` dialect is one wish ("generate
    this"); the `stage` dialect says which pieces of work answer it and which
    KV state flows between them. Control flow, data operations, `agent.prompt`,
    `agent.parse` and `agent.await_event` of the `agent` dialect stay legal
    beside it. Every operation that costs something implements
    `WorkOpInterface`, and after planning carries a `#stage.placement`.

    A `!stage.kv` is an immutable snapshot of a sequence: an operation that
    extends it gives a new value. A snapshot is extended at most once; whoever
    needs it a second time takes a `stage.kv.fork` first.
  }];
  let dependentDialects = ["::agentc::agent::AgentDialect"];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    // Each in the file that includes the generated definitions.
    void registerAttributes();
    void registerOperations();
  }];
}

#endif // AGENTC_STAGE_BASE
