//===- FormatConstant.h - A constant as prompt text -------------*- C++ -*-===//
//
// How a value is written into a prompt (docs/spec.md, "printing"), for values
// known at compile time.
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_ANALYSIS_FORMATCONSTANT_H
#define AGENTC_PASSES_ANALYSIS_FORMATCONSTANT_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Types.h"
#include <optional>
#include <string>

namespace agentc {

/// The text of the constant `value` of type `type`, or nothing when `type` is
/// not printable or a constant of it has no text.
std::optional<std::string> formatConstant(mlir::Attribute value,
                                          mlir::Type type);

/// The shortest decimal that reads back as `value`, as Python's repr writes it:
/// fixed point from 1e-4 up to 1e16, else with an exponent of two digits.
std::string formatDouble(double value);

} // namespace agentc

#endif // AGENTC_PASSES_ANALYSIS_FORMATCONSTANT_H
