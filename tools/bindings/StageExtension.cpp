//===- StageExtension.cpp - types and attributes of stage in Python -------===//

#include "dialects/CAPI/StageCAPI.h"

#include "mlir/Bindings/Python/Diagnostics.h"
#include "mlir/Bindings/Python/IRCore.h"
#include "mlir/Bindings/Python/Nanobind.h"
#include "mlir/Bindings/Python/NanobindAdaptors.h"

namespace nb = nanobind;
namespace py = mlir::python::MLIR_BINDINGS_PYTHON_DOMAIN;

using py::DefaultingPyLocation;
using py::DefaultingPyMlirContext;

static MlirStringRef ref(const std::string &s) {
  return mlirStringRefCreate(s.data(), s.size());
}
static nb::str str(MlirStringRef s) { return nb::str(s.data, s.length); }

/// Runs `make`, and raises what it reports when it returns null.
template <typename Result>
static Result checked(DefaultingPyLocation loc, const char *what,
                      llvm::function_ref<Result()> make) {
  py::PyMlirContext::ErrorCapture errors(loc->getContext());
  Result made = make();
  if (!made.ptr)
    throw py::MLIRError(what, errors.take());
  return made;
}

namespace {

#define AGENTC_TYPE(NAME)                                                      \
  static constexpr IsAFunctionTy isaFunction = agentcTypeIsA##NAME;            \
  static constexpr GetTypeIDFunctionTy getTypeIdFunction =                     \
      agentc##NAME##TypeGetTypeID;                                             \
  static constexpr const char *pyClassName = #NAME "Type";                     \
  using PyConcreteType::PyConcreteType;

template <typename PyT, MlirType (*get)(MlirContext), typename ClassTy>
void bindSimpleGet(ClassTy &c) {
  c.def_static(
      "get",
      [](DefaultingPyMlirContext context) {
        return PyT(context->getRef(), get(context->get()));
      },
      nb::arg("context").none() = nb::none());
}

struct PyTokensType : py::PyConcreteType<PyTokensType> {
  AGENTC_TYPE(Tokens)
  static void bindDerived(ClassTy &c) {
    bindSimpleGet<PyTokensType, agentcTokensTypeGet>(c);
  }
};

struct PyKvType : py::PyConcreteType<PyKvType> {
  AGENTC_TYPE(Kv)
  static void bindDerived(ClassTy &c) {
    bindSimpleGet<PyKvType, agentcKvTypeGet>(c);
  }
};

struct PyHandleType : py::PyConcreteType<PyHandleType> {
  AGENTC_TYPE(Handle)
  static void bindDerived(ClassTy &c) {
    c.def_static(
        "get",
        [](py::PyType &value, DefaultingPyLocation loc) {
          MlirType t = checked<MlirType>(loc, "invalid handle type", [&] {
            return agentcHandleTypeGetChecked(loc, value);
          });
          return PyHandleType(value.getContext(), t);
        },
        nb::arg("value_type"), nb::arg("loc").none() = nb::none());
    c.def_prop_ro("value_type",
                  [](PyHandleType &t) { return agentcHandleTypeGetValue(t); });
  }
};

#define AGENTC_ATTR(NAME)                                                      \
  static constexpr IsAFunctionTy isaFunction = agentcAttrIsA##NAME;            \
  static constexpr GetTypeIDFunctionTy getTypeIdFunction =                     \
      agentc##NAME##AttrGetTypeID;                                             \
  static constexpr const char *pyClassName = #NAME "Attr";                     \
  using PyConcreteAttribute::PyConcreteAttribute;

struct PyPlacementAttr : py::PyConcreteAttribute<PyPlacementAttr> {
  AGENTC_ATTR(Placement)

  static PyPlacementAttr get(const std::string &device, int64_t replicas,
                             int64_t tp, int64_t pp, int64_t maxBatch,
                             const std::string &precision,
                             DefaultingPyLocation loc) {
    int64_t counts[] = {replicas, tp, pp, maxBatch};
    MlirAttribute a = checked<MlirAttribute>(loc, "invalid placement", [&] {
      return agentcPlacementAttrGetChecked(loc, ref(device), counts,
                                           ref(precision));
    });
    return PyPlacementAttr(loc->getContext(), a);
  }

  static void bindDerived(ClassTy &c) {
    c.def_static("get", &PyPlacementAttr::get, nb::arg("device"),
                 nb::arg("replicas") = 1, nb::arg("tp") = 1, nb::arg("pp") = 1,
                 nb::arg("max_batch") = 1, nb::arg("precision") = "f32",
                 nb::arg("loc").none() = nb::none());
    c.def_prop_ro("device", [](PyPlacementAttr &a) {
      return str(agentcPlacementAttrGetDevice(a));
    });
    c.def_prop_ro("precision", [](PyPlacementAttr &a) {
      return str(agentcPlacementAttrGetPrecision(a));
    });
    bindCount<0>(c, "replicas");
    bindCount<1>(c, "tp");
    bindCount<2>(c, "pp");
    bindCount<3>(c, "max_batch");
  }

  template <int i> static void bindCount(ClassTy &c, const char *name) {
    c.def_prop_ro(name, [](PyPlacementAttr &a) {
      return agentcPlacementAttrGetCount(a, i);
    });
  }
};

struct PyWorkAttr : py::PyConcreteAttribute<PyWorkAttr> {
  AGENTC_ATTR(Work)

  static PyWorkAttr get(double flops, double bytesRead, double bytesWritten,
                        double stateBytes, double commBytes, double calls,
                        DefaultingPyLocation loc) {
    double values[] = {flops,      bytesRead, bytesWritten,
                       stateBytes, commBytes, calls};
    MlirAttribute a = checked<MlirAttribute>(loc, "invalid work", [&] {
      return agentcWorkAttrGetChecked(loc, values);
    });
    return PyWorkAttr(loc->getContext(), a);
  }

  static void bindDerived(ClassTy &c) {
    c.def_static("get", &PyWorkAttr::get, nb::arg("flops") = 0.0,
                 nb::arg("bytes_read") = 0.0, nb::arg("bytes_written") = 0.0,
                 nb::arg("state_bytes") = 0.0, nb::arg("comm_bytes") = 0.0,
                 nb::arg("calls") = 0.0, nb::arg("loc").none() = nb::none());
    bindValue<0>(c, "flops");
    bindValue<1>(c, "bytes_read");
    bindValue<2>(c, "bytes_written");
    bindValue<3>(c, "state_bytes");
    bindValue<4>(c, "comm_bytes");
    bindValue<5>(c, "calls");
  }

  template <int i> static void bindValue(ClassTy &c, const char *name) {
    c.def_prop_ro(name,
                  [](PyWorkAttr &a) { return agentcWorkAttrGetValue(a, i); });
  }
};

} // namespace

NB_MODULE(_stageDialect, m) {
  PyTokensType::bind(m);
  PyKvType::bind(m);
  PyHandleType::bind(m);
  PyPlacementAttr::bind(m);
  PyWorkAttr::bind(m);
}
