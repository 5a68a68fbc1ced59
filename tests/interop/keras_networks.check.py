"""Holds what keras_networks.write.mjs predicted, and the files that it wrote, against the models as Keras has them.

On the same pixels: predictions within 1e-5 (of the largest output, where that is more than 1; 1e-3 for keras.applications), by Fovea, by Keras from the files that
Fovea wrote, and by ONNX Runtime. From the JPEG, each tool decoding and resizing by itself: whole networks within 1e-2, where
TensorFlow decodes accurately.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf

folder = Path(sys.argv[1])
facts = json.loads((folder / "models.json").read_text())
results = json.loads((folder / "results.json").read_text())
photos = json.loads((folder / "photos.json").read_text())
SAME_PIXELS, OWN_PIXELS = 1e-5, 1e-2
DEEP = 1e-3  # untrained, a hundred layers deep and made to tell six photos apart: ONNX Runtime and Keras are as far apart
failures = []
worst = {}


def apart(found, expected):
    found = np.asarray(found, "float32").reshape(expected.shape)
    return float(np.abs(found - expected).max() / max(1, np.abs(expected).max()))


def hold(name, kind, what, difference, limit):
    limit = DEEP if kind == "application" else limit
    worst[kind, what] = max(worst.get((kind, what), 0), difference)
    if not difference <= limit:  # so that NaN fails
        failures.append(f"{name}, {what}: {difference:.1e} apart")


def photo_pixels(path, height, width, method):
    image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3, dct_method=method)
    return tf.image.resize(image, (height, width)).numpy()


def by_onnx(path, images):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"images": images})[0]


for name, fact in facts.items():
    kind = fact["kind"]
    keras.backend.clear_session()
    model = keras.models.load_model(folder / f"{name}.keras")
    sides = model.input_shape[1:]
    if not (folder / f"{name}.f32").exists():
        failures.append(f"{name}: {results[f'{name}.keras']['error']}")
        continue
    images = np.fromfile(folder / f"{name}.f32", "<f4").reshape(-1, *sides)
    expected = model(images, training=False).numpy()
    spread = np.ptp(expected, axis=0).max() / max(1, np.abs(expected).max())
    if kind != "layer" and spread < 1e-3:
        failures.append(f"{name}: its answers are all alike ({spread:.1e})")
    for ending in ("keras", "h5"):
        result = results[f"{name}.{ending}"]
        if "error" in result:
            failures.append(f"{name}.{ending}: {result['error']}")
            continue
        hold(name, kind, f"read from .{ending}", apart(result["predictions"], expected), SAME_PIXELS)
    for written in sorted(folder.glob(f"{name}.from-*")):
        what = f"written as {written.suffix}"
        try:
            if written.suffix == ".onnx":
                again = by_onnx(written, images)
            else:
                again = keras.models.load_model(written, compile=False)(images, training=False).numpy()
            hold(name, kind, what, apart(again, expected), SAME_PIXELS)
        except Exception as error:  # whatever the tools throw
            failures.append(f"{name}, {what}: {type(error).__name__}: {str(error)[:300]}")
    if kind == "network":
        # A random network made to tell photos apart makes much of a rounding in TensorFlow's fast decoding: Keras is as far from itself.
        # What that does to trained networks, photo_layers and trained_run hold to 1e-2.
        for method in ("INTEGER_ACCURATE", "INTEGER_FAST"):
            own = np.stack([photo_pixels(path, *sides[:2], method) for path in photos]) * np.float32(fact["scale"])
            difference = apart(model(own, training=False).numpy(), expected)
            limit = OWN_PIXELS if method == "INTEGER_ACCURATE" else np.inf
            hold(name, kind, f"each decoding by itself ({method})", difference, limit)

for (kind, what), difference in worst.items():
    count = sum(fact["kind"] == kind for fact in facts.values())
    print(f"        {count} {kind}s {what}: at most {difference:.1e} apart")
if failures:
    raise SystemExit("\n".join(failures))
