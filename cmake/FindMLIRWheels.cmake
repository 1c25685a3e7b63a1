# Finds MLIR and LLVM where the build's Python wheels put them, or at MLIR_DIR
# and LLVM_DIR when the user gives them, and includes MLIR's CMake helpers.

find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter Development.Module)

function(_agentc_wheel_root wheel folder out)
  execute_process(
    COMMAND "${Python3_EXECUTABLE}" -c
      "import importlib.metadata as m; print(m.distribution('${wheel}').locate_file('${folder}'))"
    OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  set(${out} "${root}" PARENT_SCOPE)
endfunction()

if(NOT MLIR_DIR)
  _agentc_wheel_root(xtc-mlir-dev mlir _mlir_root)
  _agentc_wheel_root(xtc-llvm-dev llvm _llvm_root)
  set(MLIR_DIR "${_mlir_root}/lib/cmake/mlir")
  set(LLVM_DIR "${_llvm_root}/lib/cmake/llvm")
endif()
find_package(MLIR REQUIRED CONFIG)

file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/llvm_version.txt" _wanted)
if(NOT LLVM_PACKAGE_VERSION VERSION_EQUAL _wanted)
  message(WARNING "LLVM is ${LLVM_PACKAGE_VERSION}, tested with ${_wanted}")
endif()
message(STATUS "MLIR ${LLVM_PACKAGE_VERSION} from ${MLIR_DIR}")

list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
set(LLVM_RUNTIME_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/lib)
set(MLIR_BINARY_DIR ${PROJECT_BINARY_DIR})
set(LLVM_ENABLE_ZLIB OFF)
set(LLVM_ENABLE_ZSTD OFF)
if(NOT AGENTC_LINK_DYLIB)
  include(StaticMLIR)
endif()

include(TableGen)
include(AddLLVM)
include(AddMLIR)
include(HandleLLVMOptions)
include(MLIRDetectPythonEnv)
