# One helper per kind of target, so that a folder's CMakeLists.txt only lists
# its files. With AGENTC_LINK_DYLIB everything links the one shared libMLIR;
# linking an MLIR archive beside it would put two copies of MLIR in the process.

# agentc_tablegen_dialect(Agent agent): all generated files of
# dialects/Agent/AgentOps.td (types and attributes included from it).
function(agentc_tablegen_dialect name mnemonic)
  set(LLVM_TARGET_DEFINITIONS ${name}Ops.td)
  mlir_tablegen(${name}Ops.h.inc -gen-op-decls)
  mlir_tablegen(${name}Ops.cpp.inc -gen-op-defs)
  mlir_tablegen(${name}Dialect.h.inc -gen-dialect-decls -dialect=${mnemonic})
  mlir_tablegen(${name}Dialect.cpp.inc -gen-dialect-defs -dialect=${mnemonic})
  mlir_tablegen(${name}Types.h.inc -gen-typedef-decls
    -typedefs-dialect=${mnemonic})
  mlir_tablegen(${name}Types.cpp.inc -gen-typedef-defs
    -typedefs-dialect=${mnemonic})
  mlir_tablegen(${name}Attrs.h.inc -gen-attrdef-decls
    -attrdefs-dialect=${mnemonic})
  mlir_tablegen(${name}Attrs.cpp.inc -gen-attrdef-defs
    -attrdefs-dialect=${mnemonic})
  mlir_tablegen(${name}Enums.h.inc -gen-enum-decls)
  mlir_tablegen(${name}Enums.cpp.inc -gen-enum-defs)
  add_public_tablegen_target(Agentc${name}IncGen)
endfunction()

# agentc_add_library(AgentcPasses A.cpp B.cpp DEPENDS gen LINK_LIBS other
#                    MLIR MLIRPass MLIRTransforms)
# MLIR: the archives needed in static mode.
function(agentc_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK_LIBS;MLIR" ${ARGN})
  if(AGENTC_LINK_DYLIB)
    set(mlir_libs MLIR)
  else()
    set(mlir_libs MLIRIR MLIRSupport ${ARG_MLIR})
  endif()
  add_mlir_dialect_library(${name} ${ARG_UNPARSED_ARGUMENTS}
    DEPENDS ${ARG_DEPENDS}
    LINK_LIBS PUBLIC ${ARG_LINK_LIBS} ${mlir_libs})
endfunction()
