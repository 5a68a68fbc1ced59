"""Has Keras 3 and Keras 2 predict from photos of any size by models that Fovea wrote with Resizing and Rescaling in front.

The same pixels must give the same probability to 1e-5, as bytes and as floats; the JPEG that TensorFlow decodes to 1e-2.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

folder = Path(sys.argv[1])
record = json.loads((folder / "record.json").read_text())
sizes = record["sizes"]


def check(holds, what):
    if not holds:
        raise SystemExit(f"{what}: no")
    print(f"        {what}")


def libraries():
    yield "Keras 3", keras, (".keras", ".h5")
    try:
        import tf_keras
    except ImportError:
        print("      without Keras 2: tf_keras is not installed")
        return
    yield "Keras 2", tf_keras, (".h5",)


pixels = [
    np.fromfile(folder / "photos" / f"{i}.raw", "u1").reshape(1, height, width, 3)
    for i, (width, height) in enumerate(sizes)
]
decoded = [
    tf.io.decode_jpeg(tf.io.read_file(str(folder / "photos" / f"{i}.jpg")), channels=3)[None].numpy()
    for i in range(len(sizes))
]
for name, library, endings in libraries():
    for entry in record["files"]:
        if not entry["file"].endswith(endings):
            continue
        model = library.models.load_model(folder / entry["file"])
        classes = [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"]
        check(model.input_shape == (None, None, None, 3) and classes[:2] == ["Resizing", "Rescaling"], f"{name} loads {entry['file']}, {entry['rule']}")
        ours = np.array(entry["predictions"])
        for what, images, allowed in (
            ("bytes", pixels, 1e-5),
            ("floats", [image.astype("f4") for image in pixels], 1e-5),
            ("photos that TensorFlow decoded", decoded, 1e-2),
        ):
            theirs = np.array([model.predict(image, verbose=0)[0, 0] for image in images])
            difference = float(np.abs(theirs - ours).max())
            check(difference <= allowed, f"  and predicts the same from {what}: {difference:.1e}")
        check(ours.std() > 1e-3, "  which differ from photo to photo")
