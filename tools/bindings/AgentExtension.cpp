//===- AgentExtension.cpp - types and attributes of agent in Python -------===//

#include "dialects/CAPI/Agentc.h"

#include "mlir-c/BuiltinAttributes.h"
#include "mlir-c/BuiltinTypes.h"
#include "mlir-c/Dialect/Arith.h"
#include "mlir-c/Dialect/Func.h"
#include "mlir-c/Transforms.h"
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

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

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

struct PyTextType : py::PyConcreteType<PyTextType> {
  AGENTC_TYPE(Text)
  static void bindDerived(ClassTy &c) {
    bindSimpleGet<PyTextType, agentcTextTypeGet>(c);
  }
};

struct PySessionType : py::PyConcreteType<PySessionType> {
  AGENTC_TYPE(Session)
  static void bindDerived(ClassTy &c) {
    bindSimpleGet<PySessionType, agentcSessionTypeGet>(c);
  }
};

struct PyDocsType : py::PyConcreteType<PyDocsType> {
  AGENTC_TYPE(Docs)
  static void bindDerived(ClassTy &c) {
    bindSimpleGet<PyDocsType, agentcDocsTypeGet>(c);
    c.def_prop_ro("element_type",
                  [](PyDocsType &t) { return agentcDocsTypeGetPassage(t); });
  }
};

struct PyListType : py::PyConcreteType<PyListType> {
  AGENTC_TYPE(List)
  static void bindDerived(ClassTy &c) {
    c.def_static(
        "get",
        [](py::PyType &element, DefaultingPyLocation loc) {
          MlirType t = checked<MlirType>(loc, "invalid list type", [&] {
            return agentcListTypeGetChecked(loc, element);
          });
          return PyListType(element.getContext(), t);
        },
        nb::arg("element_type"), nb::arg("loc").none() = nb::none());
    c.def_prop_ro("element_type",
                  [](PyListType &t) { return agentcListTypeGetElement(t); });
  }
};

struct PyEmbeddingType : py::PyConcreteType<PyEmbeddingType> {
  AGENTC_TYPE(Embedding)
  static void bindDerived(ClassTy &c) {
    c.def_static(
        "get",
        [](int64_t dim, DefaultingPyLocation loc) {
          MlirType t = checked<MlirType>(loc, "invalid embedding type", [&] {
            return agentcEmbeddingTypeGetChecked(loc, dim);
          });
          return PyEmbeddingType(loc->getContext(), t);
        },
        nb::arg("dim"), nb::arg("loc").none() = nb::none());
    c.def_prop_ro("dim", [](PyEmbeddingType &t) {
      return agentcEmbeddingTypeGetDim(t);
    });
  }
};

struct PyRecordType : py::PyConcreteType<PyRecordType> {
  AGENTC_TYPE(Record)
  using Fields = std::vector<std::pair<std::string, py::PyType>>;

  static PyRecordType get(const std::string &name, const Fields &fields,
                          DefaultingPyLocation loc) {
    std::vector<MlirStringRef> names;
    std::vector<MlirType> types;
    for (auto &[field, type] : fields) {
      names.push_back(ref(field));
      types.push_back(type);
    }
    MlirType t = checked<MlirType>(loc, "invalid record type", [&] {
      return agentcRecordTypeGetChecked(loc, ref(name), fields.size(),
                                        names.data(), types.data());
    });
    return PyRecordType(loc->getContext(), t);
  }

  static void bindDerived(ClassTy &c) {
    c.def_static("get", &PyRecordType::get, nb::arg("name"), nb::arg("fields"),
                 nb::arg("loc").none() = nb::none());
    c.def_prop_ro("name", [](PyRecordType &t) {
      return str(agentcRecordTypeGetName(t));
    });
    c.def_prop_ro("fields", [](PyRecordType &t) {
      nb::list fields;
      for (intptr_t i = 0, n = agentcRecordTypeGetNumFields(t); i < n; ++i)
        fields.append(nb::make_tuple(str(agentcRecordTypeGetFieldName(t, i)),
                                     agentcRecordTypeGetFieldType(t, i)));
      return fields;
    });
  }
};

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

#define AGENTC_ATTR(NAME)                                                      \
  static constexpr IsAFunctionTy isaFunction = agentcAttrIsA##NAME;            \
  static constexpr GetTypeIDFunctionTy getTypeIdFunction =                     \
      agentc##NAME##AttrGetTypeID;                                             \
  static constexpr const char *pyClassName = #NAME "Attr";                     \
  using PyConcreteAttribute::PyConcreteAttribute;

using OptionalDouble = std::optional<double>;

MlirAttribute numberAttr(MlirContext context, OptionalDouble value) {
  if (!value)
    return {nullptr};
  return mlirFloatAttrDoubleGet(context, mlirF64TypeGet(context), *value);
}

nb::object numberOf(MlirAttribute attr) {
  if (!attr.ptr)
    return nb::none();
  if (mlirAttributeIsAFloat(attr))
    return nb::float_(mlirFloatAttrGetValueDouble(attr));
  return nb::int_(mlirIntegerAttrGetValueInt(attr));
}

nb::object numbersOf(MlirAttribute attr) {
  if (!attr.ptr)
    return nb::none();
  nb::list values;
  for (intptr_t i = 0, n = mlirDenseArrayGetNumElements(attr); i < n; ++i)
    values.append(mlirDenseF64ArrayGetElement(attr, i));
  return values;
}

struct PyDistAttr : py::PyConcreteAttribute<PyDistAttr> {
  AGENTC_ATTR(Dist)

  static PyDistAttr get(const std::string &kind,
                        const std::vector<double> &values,
                        std::optional<std::vector<double>> weights,
                        const std::string &provenance,
                        DefaultingPyLocation loc) {
    std::vector<double> w = weights.value_or(std::vector<double>());
    MlirAttribute a = checked<MlirAttribute>(loc, "invalid distribution", [&] {
      return agentcDistAttrGetChecked(loc, ref(kind), values.size(),
                                      values.data(), w.size(), w.data(),
                                      ref(provenance));
    });
    return PyDistAttr(loc->getContext(), a);
  }

  static void bindDerived(ClassTy &c) {
    c.def_static("get", &PyDistAttr::get, nb::arg("kind"), nb::arg("values"),
                 nb::arg("weights").none() = nb::none(),
                 nb::arg("provenance") = "declared",
                 nb::arg("loc").none() = nb::none());
    c.def_prop_ro("kind",
                  [](PyDistAttr &a) { return str(agentcDistAttrGetKind(a)); });
    c.def_prop_ro("provenance", [](PyDistAttr &a) {
      return str(agentcDistAttrGetProvenance(a));
    });
    c.def_prop_ro("values", [](PyDistAttr &a) {
      return numbersOf(agentcDistAttrGetValues(a));
    });
    c.def_prop_ro("weights", [](PyDistAttr &a) {
      return numbersOf(agentcDistAttrGetWeights(a));
    });
    c.def_prop_ro("mean",
                  [](PyDistAttr &a) { return agentcDistAttrGetMean(a); });
    c.def("quantile", [](PyDistAttr &a, double q) {
      return agentcDistAttrGetQuantile(a, q);
    });
  }
};

struct PySlaAttr : py::PyConcreteAttribute<PySlaAttr> {
  AGENTC_ATTR(Sla)

  static PySlaAttr get(OptionalDouble p50, OptionalDouble p95,
                       OptionalDouble p99, OptionalDouble ttft,
                       OptionalDouble availability, DefaultingPyLocation loc) {
    MlirContext context = loc->getContext()->get();
    MlirAttribute values[] = {
        numberAttr(context, p50), numberAttr(context, p95),
        numberAttr(context, p99), numberAttr(context, ttft),
        numberAttr(context, availability)};
    MlirAttribute a = checked<MlirAttribute>(loc, "invalid sla", [&] {
      return agentcSlaAttrGetChecked(loc, values);
    });
    return PySlaAttr(loc->getContext(), a);
  }

  static void bindDerived(ClassTy &c) {
    c.def_static("get", &PySlaAttr::get, nb::kw_only(),
                 nb::arg("p50_s").none() = nb::none(),
                 nb::arg("p95_s").none() = nb::none(),
                 nb::arg("p99_s").none() = nb::none(),
                 nb::arg("ttft_p95_s").none() = nb::none(),
                 nb::arg("availability").none() = nb::none(),
                 nb::arg("loc").none() = nb::none());
    c.def_prop_ro("values", [](PySlaAttr &a) {
      const char *keys[] = {"p50_s", "p95_s", "p99_s", "ttft_p95_s",
                            "availability"};
      nb::dict values;
      for (int i = 0; i < 5; ++i)
        if (MlirAttribute v = agentcSlaAttrGetValue(a, i); v.ptr)
          values[keys[i]] = numberOf(v);
      return values;
    });
  }
};

struct PyBudgetAttr : py::PyConcreteAttribute<PyBudgetAttr> {
  AGENTC_ATTR(Budget)

  static PyBudgetAttr get(OptionalDouble usd, std::optional<int64_t> tokens,
                          OptionalDouble wall, DefaultingPyLocation loc) {
    MlirContext context = loc->getContext()->get();
    MlirAttribute count = {nullptr};
    if (tokens)
      count = mlirIntegerAttrGet(mlirIntegerTypeGet(context, 64), *tokens);
    MlirAttribute values[] = {numberAttr(context, usd), count,
                              numberAttr(context, wall)};
    MlirAttribute a = checked<MlirAttribute>(loc, "invalid budget", [&] {
      return agentcBudgetAttrGetChecked(loc, values);
    });
    return PyBudgetAttr(loc->getContext(), a);
  }

  static void bindDerived(ClassTy &c) {
    c.def_static("get", &PyBudgetAttr::get, nb::kw_only(),
                 nb::arg("usd").none() = nb::none(),
                 nb::arg("tokens").none() = nb::none(),
                 nb::arg("wall_s").none() = nb::none(),
                 nb::arg("loc").none() = nb::none());
    c.def_prop_ro("values", [](PyBudgetAttr &a) {
      const char *keys[] = {"usd", "tokens", "wall_s"};
      nb::dict values;
      for (int i = 0; i < 3; ++i)
        if (MlirAttribute v = agentcBudgetAttrGetValue(a, i); v.ptr)
          values[keys[i]] = numberOf(v);
      return values;
    });
  }
};

} // namespace

NB_MODULE(_agentDialect, m) {
  mlirRegisterTransformsPasses();
  agentcRegisterPasses();
  m.def("register_dialects", [](MlirDialectRegistry registry) {
    agentcRegisterDialects(registry);
    mlirDialectHandleInsertDialect(mlirGetDialectHandle__func__(), registry);
    mlirDialectHandleInsertDialect(mlirGetDialectHandle__arith__(), registry);
  });
  PyTextType::bind(m);
  PySessionType::bind(m);
  PyDocsType::bind(m);
  PyListType::bind(m);
  PyEmbeddingType::bind(m);
  PyRecordType::bind(m);
  PyDistAttr::bind(m);
  PySlaAttr::bind(m);
  PyBudgetAttr::bind(m);
}
