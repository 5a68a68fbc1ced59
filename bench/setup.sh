#!/bin/sh
# Makes .venv-bench/ with the peers that Fovea is measured against. Run once, from anywhere: sh bench/setup.sh
set -eu
cd "$(dirname "$0")/.."
python3 -m venv .venv-bench
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check \
  tensorflow==2.21.0 keras==3.15.1 tensorboard==2.21.0 torch==2.13.0 onnxruntime==1.31.1 onnx==1.23.2 pillow
TF_CPP_MIN_LOG_LEVEL=3 .venv-bench/bin/python - <<'VERSIONS'
import platform, keras, onnx, onnxruntime, PIL, tensorflow, torch
print("Python", platform.python_version(), "TensorFlow", tensorflow.__version__, "Keras", keras.__version__)
print("PyTorch", torch.__version__, "ONNX Runtime", onnxruntime.__version__, "onnx", onnx.__version__, "Pillow", PIL.__version__)
VERSIONS
