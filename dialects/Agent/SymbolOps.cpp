//===- SymbolOps.cpp - models, tools, indexes, schemas, graphs ------------===//

#include "dialects/Agent/Verify.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace agentc::agent;

//===----------------------------------------------------------------------===//
// model, index, schema
//===----------------------------------------------------------------------===//

LogicalResult ModelOp::verify() {
  // agent_model_c1
  if (getSource().empty())
    return emitOpError("has an empty source; give a known model's name, a "
                       ".gguf file or a folder of weights");
  // agent_model_c2
  for (NamedAttribute dim : getDimsAttr() ? getDimsAttr().getValue()
                                          : ArrayRef<NamedAttribute>()) {
    auto value = dyn_cast<IntegerAttr>(dim.getValue());
    if (!value || !value.getType().isSignlessInteger(64) || value.getInt() < 1)
      return emitOpError("has dims.")
             << dim.getName().getValue() << " = " << dim.getValue()
             << ", expected an i64 of at least 1";
  }
  return success();
}

LogicalResult IndexOp::verify() {
  // agent_index_c1
  if (getSource().empty())
    return emitOpError("has an empty source; give the folder of passages");
  // agent_index_c2
  if (failed(verifyAtLeast<uint64_t>(*this, "count", getCount(), 1)) ||
      failed(verifyAtLeast<uint64_t>(*this, "chunk_tokens", getChunkTokens(),
                                     1)))
    return failure();
  return success();
}

LogicalResult IndexOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // agent_index_c3
  return success(
      lookupModel(*this, getEmbedderAttr(), {ModelKind::Encoder}, symbols));
}

/// The JSON Schema names the record's fields, when it names any.
static LogicalResult verifyProperties(SchemaOp op, RecordType record,
                                      const llvm::json::Object &properties) {
  for (StringAttr field : record.getFieldNames())
    if (!properties.get(field.getValue()))
      return op.emitOpError("has no property \"")
             << field.getValue() << "\" in its json, which is a field of "
             << record;
  for (const auto &property : properties)
    if (!record.getFieldType(property.first))
      return op.emitOpError("has the property \"")
             << StringRef(property.first)
             << "\" in its json, which is no field of " << record;
  return success();
}

LogicalResult SchemaOp::verify() {
  // agent_schema_c1
  llvm::Expected<llvm::json::Value> json = llvm::json::parse(getJson());
  if (!json)
    return emitOpError("has json that does not parse: ")
           << llvm::toString(json.takeError());
  const llvm::json::Object *schema = json->getAsObject();
  if (!schema)
    return emitOpError("has json that is no object; give a JSON Schema");
  // agent_schema_c2
  if (const llvm::json::Object *properties = schema->getObject("properties"))
    return verifyProperties(*this, cast<RecordType>(getType()), *properties);
  return success();
}

//===----------------------------------------------------------------------===//
// tool
//===----------------------------------------------------------------------===//

static LogicalResult verifySignature(ToolOp op) {
  FunctionType type = op.getFunctionType();
  // agent_tool_c1
  if (op.getArgNames().size() != type.getNumInputs())
    return op.emitOpError("has ") << op.getArgNames().size() << " names for "
                                  << type.getNumInputs() << " arguments";
  // agent_tool_c2
  if (std::optional<StringRef> name = findRepeated(op.getArgNames()))
    return op.emitOpError("has an argument named \"")
           << *name << "\", expected names that are not empty and differ";
  // agent_tool_c3
  if (type.getNumResults() != 1)
    return op.emitOpError("has ")
           << type.getNumResults() << " results, expected 1; use a record for "
           << "several, and text for none";
  // agent_tool_c4
  for (Type t : llvm::concat<const Type>(type.getInputs(), type.getResults()))
    if (!isValueType(t) || isa<SessionType>(t))
      return op.emitOpError("has the type ")
             << t << " in its signature, expected an agent value type other "
             << "than session";
  return success();
}

LogicalResult ToolOp::verify() {
  if (failed(verifySignature(*this)))
    return failure();
  // agent_tool_c5
  if (getToolClass() == ToolClass::Pure && (getReads() || getWrites()))
    return emitOpError("is pure, but reads or writes a resource; remove them "
                       "or use class(idempotent)");
  // agent_tool_c6
  if (failed(verifyPositive(*this, "timeout_s", getTimeoutS())))
    return failure();
  // agent_tool_c7
  if (getRetriesAttr() && getRetriesAttr().getInt() < 0)
    return emitOpError("has retries = ")
           << getRetriesAttr().getInt() << ", expected at least 0";
  // agent_tool_c8
  if (getToolClass() == ToolClass::Irreversible && getRetries() > 0)
    return emitOpError("is irreversible, but has retries = ")
           << getRetries() << ", expected 0: a second try could act twice";
  // agent_tool_c9
  if (getCostUsd() && !(getCostUsd()->convertToDouble() >= 0 &&
                        getCostUsd()->isFinite()))
    return emitOpError("has cost_usd = ") << getCostUsd()->convertToDouble()
                                          << ", expected a finite number >= 0";
  return success();
}

//===----------------------------------------------------------------------===//
// graph
//===----------------------------------------------------------------------===//

static LogicalResult verifyGraphTypes(GraphOp op) {
  FunctionType type = op.getFunctionType();
  // agent_graph_c1
  for (Type t : llvm::concat<const Type>(type.getInputs(), type.getResults()))
    if (!isValueType(t) || isa<SessionType>(t))
      return op.emitOpError("has the type ")
             << t << " in its signature, expected an agent value type other "
             << "than session";
  return success();
}

static LogicalResult verifyNames(GraphOp op) {
  // agent_graph_c2
  llvm::StringSet<> seen;
  for (unsigned i = 0, e = op.getNumArguments(); i < e; ++i) {
    Attribute name = op.getArgAttr(i, "agent.name");
    auto string = dyn_cast_or_null<StringAttr>(name);
    if (name && (!string || string.empty() || !seen.insert(string).second))
      return op.emitOpError("has agent.name = ")
             << name << " on argument " << i
             << ", expected strings that are not empty and differ";
  }
  // agent_graph_c3
  std::optional<ArrayAttr> results = op.getResultNames();
  if (!results)
    return success();
  if (results->size() != op.getFunctionType().getNumResults())
    return op.emitOpError("has ")
           << results->size() << " result_names for "
           << op.getFunctionType().getNumResults() << " results";
  if (std::optional<StringRef> name = findRepeated(*results))
    return op.emitOpError("has a result named \"")
           << *name << "\", expected names that are not empty and differ";
  return success();
}

/// Two calls with one site would draw the same random numbers.
static LogicalResult verifySites(GraphOp op) {
  llvm::DenseMap<int64_t, Operation *> sites;
  WalkResult result = op.walk([&](GenerateOp call) {
    IntegerAttr site = call.getSiteAttr();
    if (!site)
      return WalkResult::advance();
    auto [first, inserted] = sites.try_emplace(site.getInt(), call);
    if (inserted)
      return WalkResult::advance();
    // agent_graph_c5
    InFlightDiagnostic error = call.emitOpError("has site = ")
                               << site.getInt()
                               << ", which another call of the graph has; "
                                  "number them anew";
    error.attachNote(first->second->getLoc()) << "the other call is here";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult GraphOp::verifyRegions() {
  if (failed(verifyGraphTypes(*this)) || failed(verifyNames(*this)))
    return failure();
  // agent_graph_c4
  Operation &last = getBody().front().back();
  if (!isa<ReturnOp>(last))
    return emitOpError("ends with '")
           << last.getName() << "', expected 'agent.return'";
  return verifySites(*this);
}

LogicalResult ReturnOp::verify() {
  // agent_return_c1
  auto graph = cast<GraphOp>((*this)->getParentOp());
  if (getOperandTypes() != TypeRange(graph.getResultTypes()))
    return emitOpError("gives (")
           << getOperandTypes() << "), but graph @" << graph.getSymName()
           << " declares (" << graph.getResultTypes() << ")";
  return success();
}
