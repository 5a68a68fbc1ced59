"""Saves what Keras's guide to transfer learning makes, a model of models, with Keras 3 and Keras 2, and what each predicts for two images."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tf_keras

folder = Path(sys.argv[1])
images = np.random.RandomState(0).randint(0, 256, (2, 96, 96, 3)).astype("float32")
images[1, :, :48] = 0


def guide(library):
    """Varied photos, scaled, through a frozen base of which the end is trained on, to a new head."""
    layers = library.layers
    base = library.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.35, include_top=False, weights=None)
    for layer in base.layers[:-20]:
        layer.trainable = False
    photo = library.Input((96, 96, 3))
    varied = library.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])(photo)
    x = base(layers.Rescaling(1 / 127.5, offset=-1)(varied), training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return library.Model(photo, layers.Dense(1, activation="sigmoid")(x))


def spread(model):
    """Weights by which features neither vanish nor grow from block to block, running statistics among them."""
    random = np.random.RandomState(1)
    for weight in model.weights:
        shape = tuple(weight.shape)
        if "float" not in str(weight.dtype):
            continue  # the state of what varies photos
        if len(shape) >= 2:
            depthwise = len(shape) == 4 and shape[3] == 1
            weight.assign(random.normal(0, 1.6 / np.sqrt(9 if depthwise else np.prod(shape[:-1])), shape))
        elif "variance" in weight.name or "gamma" in weight.name:
            weight.assign(random.uniform(0.5, 1.5, shape))
        else:
            weight.assign(random.normal(0, 0.1, shape))


answers = {}
for name, library in [("keras3", keras), ("keras2", tf_keras)]:
    model = guide(library)
    spread(model)
    model.compile("adam", "binary_crossentropy")
    answer = [float(value) for value in model.predict(images, verbose=0).ravel()]
    for ending in ["keras", "h5"]:
        model.save(folder / f"{name}.{ending}")
        answers[f"{name}.{ending}"] = answer
images.tofile(folder / "images.f32")
(folder / "keras.json").write_text(json.dumps(answers))
