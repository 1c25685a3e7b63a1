//===- Distributions.cpp - the mathematics of #agent.dist -----------------===//

#include "dialects/Agent/Agent.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace agentc::agent;

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

/// Least and greatest number of values of the family.
static std::pair<size_t, size_t> getArity(DistKind kind) {
  switch (kind) {
  case DistKind::Constant:
    return {1, 1};
  case DistKind::Uniform:
  case DistKind::Lognormal:
    return {2, 2};
  case DistKind::Categorical:
    return {1, SIZE_MAX};
  case DistKind::Empirical:
    return {2, SIZE_MAX};
  }
  llvm_unreachable("all families are listed");
}

using EmitError = function_ref<InFlightDiagnostic()>;

static LogicalResult verifyWeights(EmitError emitError, DistKind kind,
                                   size_t numValues,
                                   DenseF64ArrayAttr weights) {
  // agent_dist_attr_c3
  if ((kind == DistKind::Categorical) != bool(weights))
    return emitError() << stringifyDistKind(kind) << " distribution "
                       << (weights ? "has weights, expected none"
                                   : "has no weights; give one per value");
  if (!weights)
    return success();
  ArrayRef<double> w = weights;
  if (w.size() != numValues)
    return emitError() << "categorical distribution has " << w.size()
                       << " weights and " << numValues
                       << " values, expected as many";
  // agent_dist_attr_c4
  bool valid =
      llvm::all_of(w, [](double x) { return std::isfinite(x) && x >= 0; }) &&
      std::accumulate(w.begin(), w.end(), 0.0) > 0;
  if (!valid)
    return emitError() << "categorical distribution has weights [" << w
                       << "], expected finite numbers >= 0, one of them > 0";
  return success();
}

LogicalResult DistAttr::verify(EmitError emitError, DistKind kind,
                               DenseF64ArrayAttr values,
                               DenseF64ArrayAttr weights, Provenance) {
  ArrayRef<double> v = values;
  StringRef name = stringifyDistKind(kind);
  // agent_dist_attr_c1
  auto [least, most] = getArity(kind);
  if (v.size() < least || v.size() > most)
    return emitError() << name << " distribution has " << v.size()
                       << " values, expected "
                       << (least == most ? "" : "at least ") << least;
  // agent_dist_attr_c2
  for (double value : v)
    if (!std::isfinite(value) || value < 0)
      return emitError() << name << " distribution has the value " << value
                         << ", expected a finite number >= 0";
  if (failed(verifyWeights(emitError, kind, v.size(), weights)))
    return failure();
  // agent_dist_attr_c5
  if (kind != DistKind::Categorical && !llvm::is_sorted(v))
    return emitError() << name << " distribution has values [" << v
                       << "], expected them in ascending order";
  // agent_dist_attr_c6
  if (kind == DistKind::Lognormal && v[0] == 0)
    return emitError() << "lognormal distribution has p50 = 0, expected more "
                          "than 0; use constant [0.0] for a quantity that is "
                          "always 0";
  return success();
}

//===----------------------------------------------------------------------===//
// Mean and quantiles
//===----------------------------------------------------------------------===//

/// The standard normal value that a share `q` in (0, 1) does not exceed, by
/// bisection on the distribution function erfc(-z / sqrt 2) / 2.
static double normalQuantile(double q) {
  double low = -40, high = 40;
  for (int i = 0; i < 100; ++i) {
    double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < q ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// sigma of the lognormal with these percentiles.
static double getSigma(double p50, double p95) {
  return std::log(p95 / p50) / normalQuantile(0.95);
}

static double categoricalQuantile(ArrayRef<double> values,
                                  ArrayRef<double> weights, double q) {
  SmallVector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](size_t a, size_t b) { return values[a] < values[b]; });
  double left = q * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (size_t i : order) {
    left -= weights[i];
    if (left <= 0 && weights[i] > 0)
      return values[i];
  }
  return values[order.back()];
}

/// Linear between the equally spaced quantiles.
static double empiricalQuantile(ArrayRef<double> values, double q) {
  double position = q * (values.size() - 1);
  size_t below = std::min<size_t>(position, values.size() - 2);
  double share = position - below;
  return values[below] * (1 - share) + values[below + 1] * share;
}

double DistAttr::getMean() const {
  ArrayRef<double> v = getValues();
  switch (getKind()) {
  case DistKind::Constant:
    return v[0];
  case DistKind::Uniform:
    return (v[0] + v[1]) / 2;
  case DistKind::Lognormal: {
    double sigma = getSigma(v[0], v[1]);
    return v[0] * std::exp(sigma * sigma / 2);
  }
  case DistKind::Categorical: {
    ArrayRef<double> w = getWeights();
    return std::inner_product(v.begin(), v.end(), w.begin(), 0.0) /
           std::accumulate(w.begin(), w.end(), 0.0);
  }
  case DistKind::Empirical:
    return (std::accumulate(v.begin(), v.end(), 0.0) -
            (v.front() + v.back()) / 2) /
           (v.size() - 1);
  }
  llvm_unreachable("all families are listed");
}

double DistAttr::getQuantile(double q) const {
  ArrayRef<double> v = getValues();
  q = std::clamp(q, 0.0, 1.0);
  switch (getKind()) {
  case DistKind::Constant:
    return v[0];
  case DistKind::Uniform:
    return v[0] + q * (v[1] - v[0]);
  case DistKind::Lognormal:
    // Unbounded: the extremes stand for one draw in a million.
    q = std::clamp(q, 1e-6, 1 - 1e-6);
    return v[0] * std::exp(getSigma(v[0], v[1]) * normalQuantile(q));
  case DistKind::Categorical:
    return categoricalQuantile(v, getWeights(), q);
  case DistKind::Empirical:
    return empiricalQuantile(v, q);
  }
  llvm_unreachable("all families are listed");
}
