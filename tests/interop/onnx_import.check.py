"""Exports networks of PyTorch by both of its exporters, and holds what Fovea predicts by them against ONNX Runtime, on real photos."""

import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnxruntime

from onnx_import_networks import export, networks

folder = Path(sys.argv[1])
script = Path(__file__).with_name("onnx_import.write.mjs")
LIMIT = 1e-5
WAYS = {
    "opset11": dict(opset=11),
    "opset13-fixed": dict(opset=13, fixed=True),
    "opset17": dict(opset=17),
    "opset17-raw": dict(opset=17, fold=False),
    "opset20": dict(opset=20),
    "new-opset18": dict(opset=18, new=True),
    "new-opset22": dict(opset=22, new=True),
}

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
photos = json.loads((folder / "photos.json").read_text())
images = np.float32(photos["images"]).reshape(photos["shape"]).transpose(0, 3, 1, 2)
expected = {}
for name, network in networks(photos["shape"][1]).items():
    for way, options in WAYS.items():
        path = folder / f"{name}.{way}.onnx"
        export(network, path, photos["shape"][1], **options)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        expected[path.name] = np.concatenate([session.run(None, {"images": image[None]})[0] for image in images])
subprocess.run(["node", script, folder, "theirs"], check=True)
found = json.loads((folder / "predictions.json").read_text())
worst = {}
for name, theirs in expected.items():
    ours = np.float32(found[name]).reshape(theirs.shape)
    size = max(1, np.abs(theirs).max())
    difference, spread = np.abs(ours - theirs).max() / size, np.abs(theirs - theirs[0]).max() / size
    worst[name.split(".")[0]] = max(worst.get(name.split(".")[0], 0), difference)
    if not difference < LIMIT or difference > spread / 100:
        raise SystemExit(f"{name}: {difference:.1e} apart, photos {spread:.1e}")
for name, difference in worst.items():
    print(f"        {name}, {len(WAYS)} exports: at most {difference:.1e} from ONNX Runtime on {len(images)} photos")
