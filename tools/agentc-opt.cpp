//===- agentc-opt.cpp - the optimizer driver ------------------------------===//
//
// mlir-opt for the dialects and passes of this project. It lives in the library
// of the Python bindings, so that an installation holds MLIR once.
//
//===----------------------------------------------------------------------===//

#include "dialects/CAPI/Agentc.h"

int main(int argc, char **argv) { return agentcOptMain(argc, argv); }
