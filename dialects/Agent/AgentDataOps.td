//===- AgentDataOps.td - values, records, lists ------------*- tablegen -*-===//

#ifndef AGENTC_AGENT_DATA_OPS_TD
#define AGENTC_AGENT_DATA_OPS_TD

include "dialects/Agent/AgentAttrs.td"
include "dialects/Agent/AgentTypes.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Agent_ConstantOp : Agent_Op<"constant", [ConstantLike, Pure]> {
  let summary = "A value known at compile time.";
  let arguments = (ins AnyAttr:$value);
  let results = (outs Agent_Value:$result);
  let assemblyFormat = [{
    custom<ConstantValue>($value, type($result)) attr-dict
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Agent_GetFieldOp : Agent_Op<"get_field", [
    Pure, InferTypeOpAdaptor]> {
  let summary = "A field of a record.";
  let arguments = (ins Agent_Record:$record, StrAttr:$field);
  let results = (outs Agent_Value:$result);
  let assemblyFormat = [{
    $record `[` $field `]` attr-dict `:` qualified(type($record))
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Agent_MakeRecordOp : Agent_Op<"make_record", [Pure]> {
  let summary = "A record of its fields, in the order of the type.";
  let arguments = (ins Variadic<Agent_Value>:$fields);
  let results = (outs Agent_Record:$result);
  let assemblyFormat = [{
    `` custom<RecordFields>($fields, type($fields), type($result)) attr-dict
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Agent_MakeListOp : Agent_Op<"make_list", [Pure]> {
  let summary = "A list of its operands; of passages, docs.";
  let arguments = (ins Variadic<Agent_Value>:$items);
  let results = (outs Agent_ListOrDocs:$result);
  let assemblyFormat = [{
    `` custom<ListItems>($items, type($items), type($result)) attr-dict
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Agent_GetItemOp : Agent_Op<"get_item", [
    NoMemoryEffect, InferTypeOpAdaptor]> {
  let summary = "The element at an index, from 0; throws when there is none.";
  let arguments = (ins Agent_ListOrDocs:$list, I64:$index);
  let results = (outs Agent_Value:$result);
  let assemblyFormat = [{
    $list `[` $index `]` attr-dict `:` qualified(type($list))
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Agent_LengthOp : Agent_Op<"length", [Pure]> {
  let summary = "The number of elements, or of characters of a text.";
  let arguments = (ins Agent_Concatenable:$value);
  let results = (outs I64:$result);
  let assemblyFormat = "$value attr-dict `:` qualified(type($value))";
  let hasFolder = 1;
}

def Agent_ConcatOp : Agent_Op<"concat", [
    Pure, SameOperandsAndResultType /*agent_concat_c1*/]> {
  let summary = "Texts, lists or docs one after the other.";
  let arguments = (ins Variadic<Agent_Concatenable>:$parts);
  let results = (outs Agent_Concatenable:$result);
  let assemblyFormat = "$parts attr-dict `:` qualified(type($result))";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Agent_FlattenOp : Agent_Op<"flatten", [
    Pure, InferTypeOpAdaptor]> {
  let summary = "The elements of the lists of a list, in order.";
  let arguments = (ins Agent_List:$list);
  let results = (outs Agent_ListOrDocs:$result);
  let assemblyFormat = "$list attr-dict `:` qualified(type($list))";
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Agent_CompareOp : Agent_Op<"compare", [Pure, SameTypeOperands]> {
  let summary = "Compares two values of one type.";
  let arguments = (ins Agent_ComparePredicate:$predicate,
                       Agent_Value:$lhs, Agent_Value:$rhs);
  let results = (outs I1:$result);
  let assemblyFormat = [{
    $predicate $lhs `,` $rhs attr-dict `:` qualified(type($lhs))
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Agent_BinaryOp : Agent_Op<"binary", [
    NoMemoryEffect, SameOperandsAndResultType]> {
  let summary = "Arithmetic on two numbers; i64 division by zero throws.";
  let arguments = (ins Agent_BinaryKind:$kind,
                       Agent_Number:$lhs, Agent_Number:$rhs);
  let results = (outs Agent_Number:$result);
  let assemblyFormat = "$kind $lhs `,` $rhs attr-dict `:` type($result)";
  let hasFolder = 1;
}

class Agent_LogicOp<string mnemonic, string what>
    : Agent_Op<mnemonic, [Pure, Commutative]> {
  let summary = what;
  let arguments = (ins I1:$lhs, I1:$rhs);
  let results = (outs I1:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict";
  let hasFolder = 1;
}
def Agent_AndOp : Agent_LogicOp<"and", "True when both are true.">;
def Agent_OrOp : Agent_LogicOp<"or", "True when one of both is true.">;

def Agent_NotOp : Agent_Op<"not", [Pure]> {
  let summary = "True when the operand is false.";
  let arguments = (ins I1:$operand);
  let results = (outs I1:$result);
  let assemblyFormat = "$operand attr-dict";
  let hasFolder = 1;
}

#endif
