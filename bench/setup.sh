#!/bin/sh
# Makes .venv-bench/ with the peer that Fovea is measured against. Run once, from anywhere: sh bench/setup.sh
set -eu
cd "$(dirname "$0")/.."
python3 -m venv .venv-bench
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check tensorflow==2.21.0 tensorboard==2.21.0 pillow
TF_CPP_MIN_LOG_LEVEL=3 .venv-bench/bin/python - <<'VERSIONS'
import platform, keras, PIL, tensorflow
print("Python", platform.python_version(), "TensorFlow", tensorflow.__version__, "Keras", keras.__version__, "Pillow", PIL.__version__)
VERSIONS
