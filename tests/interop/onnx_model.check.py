"""Checks the files of onnx_model.write.mjs by ONNX's own checker and runs them by ONNX Runtime."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

folder = Path(sys.argv[1])
LIMIT = 1e-5

for path in sorted(folder.glob("*.onnx")):
    facts = json.loads((folder / f"{path.name.split('.')[0]}.json").read_text())
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    metadata = {prop.key: prop.value for prop in model.metadata_props}
    if json.loads(metadata["classes"]) != ["ä", "b"]:
        raise SystemExit(f"{path.name}: other classes")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    images = np.float32(facts["images"]).reshape(facts["shape"])
    expected = np.float32(facts["predictions"]).reshape(len(images), -1)
    [predictions] = session.run(None, {"images": images})
    [alone] = session.run(None, {"images": images[:1]})
    size = max(1, np.abs(expected).max())
    difference = max(np.abs(predictions - expected).max(), np.abs(alone - expected[:1]).max()) / size
    spread = np.abs(expected - expected[0]).max() / size
    print(f"        {path.name}: at most {difference:.1e} apart, images {spread:.1e}")
    if predictions.shape != expected.shape or difference > LIMIT or difference > spread / 100:
        raise SystemExit(f"{path.name}: differs")
