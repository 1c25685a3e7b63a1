//===- StageToolOps.td - Tool calls and transfers ----------*- tablegen -*-===//

#ifndef AGENTC_STAGE_TOOL_OPS
#define AGENTC_STAGE_TOOL_OPS

include "dialects/Stage/StageOpBase.td"

def Stage_CallOp : Stage_WorkOp<"call", (ins
    FlatSymbolRefAttr:$tool,                   /*call_c1*/
    Variadic<AnyType>:$args,                   /*call_c2*/
    Variadic<AnyType>:$after),
    [AttrSizedOperandSegments, SymbolUser, OwnEffects]> {
  let summary = "Starts a tool call, after what it must not overtake.";
  let description = [{
    `after` are values of any type: the call starts when they are there, and a
    handle is there when its call is done. If one of them fails, so does this.

    Work: comm_bytes = bytes of the arguments (4 a token), calls = 1. Time is
    the tool's own: `latency` of `agent.tool`.

    Example:
    ```mlir
    %h = stage.call @book(%d) after(%g)
           : (!agent.text), (!stage.handle<f64>) -> !stage.handle<!agent.text>
    ```
  }];
  let results = (outs Stage_Handle:$handle);  /*call_c3*/
  let builders = [OpBuilder<
    (ins "::mlir::Type":$value, "::mlir::FlatSymbolRefAttr":$tool,
         "::mlir::ValueRange":$args,
         CArg<"::mlir::ValueRange", "{}">:$after), [{
      build($_builder, $_state, HandleType::get(value), tool, args, after, {},
            {}, {}, {}, {}, {});
    }]>];
  let assemblyFormat = [{
    $tool `(` $args `)` (`after` `(` $after^ `)`)? attr-dict
    `:` `(` type($args) `)` (`,` `(` type($after)^ `)`)?
    `->` qualified(type($handle))
  }];
}

def Stage_AwaitOp : Stage_WorkOp<"await", (ins
    Stage_Handle:$handle),
    [OwnEffects,
     TypesMatchWith<"result type is the handle's value type",   /*await_c1*/
                    "handle", "value",
                    "::llvm::cast<HandleType>($_self).getValueType()">]> {
  let summary = "Waits for a started call and gives its result.";
  let description = [{
    Throws what the call threw.

    Work: comm_bytes = bytes of the result (4 a token).

    Example:
    ```mlir
    %r = stage.await %h : !stage.handle<!agent.text>
    ```
  }];
  let results = (outs AnyType:$value);
  let builders = [
    Short<(ins "::mlir::Value":$handle), "handle", [],
          "::llvm::cast<HandleType>(handle.getType()).getValueType()">];
  let assemblyFormat = "$handle attr-dict `:` qualified(type($handle))";
}

def Stage_TransferOp : Stage_WorkOp<"transfer", (ins
    AnyType:$value,                            /*transfer_c2*/
    StrAttr:$from,                             /*transfer_c1*/
    StrAttr:$to),                              /*transfer_c1*/
    [Pure, AllTypesMatch<["value", "moved"]>]> {
  let summary = "Moves a value from one device class to another.";
  let description = [{
    Work: comm_bytes = bytes_read = bytes_written = bytes of the value.

    Example:
    ```mlir
    %b = stage.transfer %a from "local-cpu" to "h200" : !agent.text
    ```
  }];
  let results = (outs AnyType:$moved);
  let builders = [OpBuilder<
    (ins "::mlir::Value":$value, "::llvm::StringRef":$from,
         "::llvm::StringRef":$to), [{
      build($_builder, $_state, value.getType(), value,
            $_builder.getStringAttr(from), $_builder.getStringAttr(to), {}, {},
            {}, {}, {}, {});
    }]>];
  let assemblyFormat = [{
    $value `from` $from `to` $to attr-dict `:` qualified(type($value))
  }];
  let hasVerifier = 1;
}

#endif // AGENTC_STAGE_TOOL_OPS
