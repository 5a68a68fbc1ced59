"""Loads the models that keras_model.write.mjs wrote with Keras 3 and with Keras 2, and holds them against the JSON.

Keras 3 itself builds the optimizer of a legacy file before the model's weights are known to it, and so restores the
count of updates but no slots; the slots are therefore set by its own reader on an optimizer that has been built.
"""

import json
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import tf_keras

folder = Path(sys.argv[1])
images = np.random.RandomState(0).randint(0, 256, (5, 16, 16, 3)).astype("float32")
labels = np.eye(3, dtype="float32")[[0, 1, 2, 0, 1]]


def check(holds, what):
    if not holds:
        raise SystemExit(f"{what}: no")
    print(f"        {what}")


def same(variable, expected):
    array = np.float32(expected["values"]).reshape(expected["shape"])
    return np.array_equal(np.asarray(variable.numpy()), array)


def expected_output(weights):
    """The network by Keras 3's layers with the weights put in by hand: nothing here comes from our file."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Rescaling(1 / 255, offset=-0.5),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(5, (3, 2), strides=(2, 1)),
            layers.LeakyReLU(negative_slope=0.1),
            layers.Conv2D(6, 1, use_bias=False),
            layers.ReLU(max_value=6),
            layers.AveragePooling2D(2, padding="same"),
            layers.Activation("tanh"),
            layers.GlobalAveragePooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )
    model.set_weights([np.float32(weight["values"]).reshape(weight["shape"]) for weight in weights])
    return model(images).numpy()


def check_model(library, name, ending, expected):
    model = library.models.load_model(folder / f"{name}.{ending}")
    print(f"      {library.__name__} {library.__version__}, {name}.{ending}")
    check(all(map(same, model.weights, expected["weights"])), "weights to the bit")
    difference = np.abs(model(images).numpy() - expected_output(expected["weights"])).max()
    check(difference <= 1e-6, f"predictions within 1e-6 (at most {difference:.1e} apart)")
    of_keras2 = "optimizer" in expected and ending == "h5"  # Keras 3 takes its optimizer with the defaults, as that of Keras 2's own files
    if "compile" in expected and not (of_keras2 and library is keras):
        config = expected["compile"]["optimizer"]["config"]
        check(np.isclose(float(model.optimizer.learning_rate), config["learningRate"]), "learning rate")
        check(np.all(np.isfinite(model.evaluate(images, labels, verbose=0))), "evaluates as compiled")
    if "optimizer" not in expected:
        resaved = folder / f"{library.__name__}-{name}-again.{ending}"
        model.save(resaved)
        again = library.models.load_model(resaved)
        check(all(map(same, again.weights, expected["weights"])), "saved again and reloaded")
    if name == "compiled":
        model.fit(images, labels, verbose=0)
        check(True, "trains on as compiled")
    return model


def check_slots(optimizer, expected, others=2):
    check(int(optimizer.iterations.numpy()) == expected["iterations"], "updates made")
    variables = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
    slots = variables[others:]
    check(len(slots) == len(expected["slots"]), f"{len(slots)} slots")
    for variable, slot in zip(slots, expected["slots"]):
        if not same(variable, slot["weight"]):
            raise SystemExit(f"slot {variable.name}: differs")
    check(True, "slots to the bit, in Keras's order")


for library in [keras, tf_keras]:
    for name in ["plain", "compiled", "adam", "sgd"]:
        expected = json.loads((folder / f"{name}.json").read_text())
        model = check_model(library, name, "h5", expected)
        if library is tf_keras and "optimizer" in expected:
            check_slots(model.optimizer, expected["optimizer"], 1)

for name in ["plain", "compiled", "adam", "sgd"]:
    expected = json.loads((folder / f"{name}.json").read_text())
    model = check_model(keras, name, "keras", expected)
    if "optimizer" in expected:
        check_slots(model.optimizer, expected["optimizer"])
        model.fit(images, labels, verbose=0)
        check(int(model.optimizer.iterations.numpy()) == expected["optimizer"]["iterations"] + 1, "trains on")

with h5py.File(folder / "adam.h5") as file:
    expected = json.loads((folder / "adam.json").read_text())
    for part in ["preprocessing", "classes", "extra"]:
        check(json.loads(file.attrs[f"fovea_{part}"]) == expected[part], f"h5py reads fovea_{part}")
