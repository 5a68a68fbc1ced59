"""Holds what mini_xception.write.mjs predicted against Keras 3, on the same prepared faces."""

import json
import sys
from pathlib import Path

import keras
import numpy as np

folder = Path(sys.argv[1])
written = json.loads((folder / "predictions.json").read_text())
faces = np.fromfile(folder / "faces.f32", "<f4").reshape(-1, 64, 64, 1)
ours = np.array(written["predictions"])
keras_model = keras.models.load_model(written["file"], compile=False)
theirs = keras_model.predict(faces, verbose=0)
difference = np.abs(ours - theirs).max()
equal = int((ours.argmax(1) == theirs.argmax(1)).sum())
print(f"        {equal} of {len(faces)} classes equal, probabilities at most {difference:.1e} apart")
if equal != len(faces) or difference > 1e-5:
    raise SystemExit("mini-xception: differs")
