//===- StageAttrs.cpp - Attributes of the stage dialect -------------------===//

#include "dialects/Stage/Stage.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace agentc::stage;

#define GET_ATTRDEF_CLASSES
#include "dialects/Stage/StageAttrs.cpp.inc"

void StageDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Stage/StageAttrs.cpp.inc"
      >();
}

LogicalResult
PlacementAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                      StringRef device, int64_t replicas, int64_t tp,
                      int64_t pp, int64_t maxBatch, StringRef precision) {
  // placement_c1
  if (device.empty() || precision.empty())
    return emitError() << "placement has an empty device class or precision; "
                          "name both";
  // placement_c2
  std::pair<StringRef, int64_t> counts[] = {
      {"replicas", replicas}, {"tp", tp}, {"pp", pp}, {"max_batch", maxBatch}};
  for (auto [name, count] : counts)
    if (count < 1)
      return emitError() << "placement has " << name << " = " << count
                         << ", expected at least 1";
  return success();
}

//===----------------------------------------------------------------------===//
// WorkAttr
//===----------------------------------------------------------------------===//

WorkAttr WorkAttr::get(MLIRContext *context, const Work &work) {
  return get(context, APFloat(work.flops), APFloat(work.bytesRead),
             APFloat(work.bytesWritten), APFloat(work.stateBytes),
             APFloat(work.commBytes), APFloat(work.calls));
}

Work WorkAttr::getWork() const {
  Work work;
  work.flops = getFlops().convertToDouble();
  work.bytesRead = getBytesRead().convertToDouble();
  work.bytesWritten = getBytesWritten().convertToDouble();
  work.stateBytes = getStateBytes().convertToDouble();
  work.commBytes = getCommBytes().convertToDouble();
  work.calls = getCalls().convertToDouble();
  return work;
}

// The field names, in the order of the parameters.
static constexpr StringLiteral workFields[] = {
    "flops",       "bytes_read", "bytes_written",
    "state_bytes", "comm_bytes", "calls"};

Attribute WorkAttr::parse(AsmParser &parser, Type) {
  double values[6];
  llvm::SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess())
    return {};
  for (auto [i, name] : llvm::enumerate(workFields))
    if ((i && parser.parseComma()) || parser.parseKeyword(name) ||
        parser.parseEqual() || parser.parseFloat(values[i]))
      return {};
  if (parser.parseGreater())
    return {};
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    APFloat(values[0]), APFloat(values[1]), APFloat(values[2]),
                    APFloat(values[3]), APFloat(values[4]), APFloat(values[5]));
}

void WorkAttr::print(AsmPrinter &printer) const {
  APFloat values[] = {getFlops(),      getBytesRead(), getBytesWritten(),
                      getStateBytes(), getCommBytes(), getCalls()};
  printer << '<';
  for (auto [i, name] : llvm::enumerate(workFields)) {
    printer << (i ? ", " : "") << name << " = ";
    printer.printFloat(values[i]);
  }
  printer << '>';
}

LogicalResult
WorkAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                 APFloat flops, APFloat bytesRead, APFloat bytesWritten,
                 APFloat stateBytes, APFloat commBytes, APFloat calls) {
  // work_c1
  APFloat values[] = {flops,      bytesRead, bytesWritten,
                      stateBytes, commBytes, calls};
  for (auto [i, name] : llvm::enumerate(workFields))
    if (!values[i].isFinite() || values[i].isNegative())
      return emitError() << "work has " << name << " = "
                         << values[i].convertToDouble()
                         << ", expected a finite number of at least 0";
  return success();
}
