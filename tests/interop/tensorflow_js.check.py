"""Holds what tensorflow_js.write.mjs predicted against TensorFlow.js, and MobileNet's against keras.applications.MobileNet too."""

import json
import sys
from pathlib import Path

import keras
import numpy as np

folder = Path(sys.argv[1])


def check(name, ours, theirs, who):
    difference = np.abs(ours - theirs).max()
    top = min(5, ours.shape[1])
    order = lambda rows: np.argsort(-rows, axis=1, kind="stable")[:, :top]
    equal = int((order(ours) == order(theirs)).all(axis=1).sum())
    print(f"        {name}: top {top} equal for {equal} of {len(ours)} photos, at most {difference:.1e} from {who}")
    if equal != len(ours) or difference > 1e-5:
        raise SystemExit(f"{name}: differs from {who}")


def arrays_in(path):
    """The weights by their names, as the manifest has them."""
    found = {}
    for group in json.loads((path / "model.json").read_text())["weightsManifest"]:
        data = b"".join((path / name).read_bytes() for name in group["paths"])
        for weight in group["weights"]:
            count = int(np.prod(weight["shape"]))
            found[weight["name"]] = np.frombuffer(data, "<f4", count).reshape(weight["shape"])
            data = data[4 * count :]
    return found


def mobilenet():
    model = keras.applications.MobileNet(alpha=0.25, weights=None)
    arrays = arrays_in(Path(json.loads((folder / "weights.json").read_text())["folder"]))
    for weight in model.weights:
        layer, name = weight.path.split("/")
        keras2 = "depthwise_kernel" if layer.startswith("conv_dw") and name == "kernel" else name
        weight.assign(arrays[f"{layer}/{keras2}"])
    return model


for name in ["teachable-machine", "mobilenet"]:
    written = json.loads((folder / f"{name}.json").read_text())
    ours = np.array(written["ours"])
    check(name, ours, np.array(written["tensorflowJs"]), "TensorFlow.js")
    if name == "mobilenet":
        photos = np.fromfile(folder / "mobilenet.f32", "<f4").reshape(-1, 224, 224, 3)
        check(name, ours, mobilenet().predict(photos, verbose=0), "Keras")
