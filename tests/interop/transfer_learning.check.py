"""Holds what transfer_learning.write.mjs predicted against what Keras predicted with the same files."""

import json
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
keras, fovea = (json.loads((folder / f"{name}.json").read_text()) for name in ["keras", "fovea"])
for name, expected in keras.items():
    difference = np.abs(np.subtract(fovea[name], expected)).max()
    apart = abs(expected[0] - expected[1])
    print(f"        {name}: at most {difference:.1e} apart")
    if difference > 1e-5 or apart < 1e-5:
        raise SystemExit(f"{name}: differs, or says the same of both images")
