"""Loads the graph that graph_model.write.mjs wrote with Keras 3 and Keras 2: same weights, same predictions, trains on."""

import base64
import json
import sys
from pathlib import Path

import keras
import numpy as np

fixtures = Path(__file__).parent.parent / "fixtures" / "keras"
golden = json.loads((fixtures / "graph-run.json").read_text())
original = keras.models.load_model(fixtures / "graph-run.h5")


def array(record):
    values = record.get("values") or np.frombuffer(base64.b64decode(record["float32"]), "<f4")
    return np.float32(values).reshape(record["shape"])


def check(holds, what):
    if not holds:
        raise SystemExit(f"{what}: no")
    print(f"        {what}")


def libraries():
    yield keras, "h5"
    yield keras, "keras"
    try:
        import tf_keras
    except ImportError:
        print("      without Keras 2: tf_keras is not installed")
        return
    yield tf_keras, "h5"


images, labels = array(golden["images"])[0], array(golden["labels"])[0]
for library, ending in libraries():
    model = library.models.load_model(Path(sys.argv[1]) / f"graph.{ending}")
    print(f"      {library.__name__} {library.__version__}, .{ending}")
    expected = {layer.name: layer.get_weights() for layer in original.layers}
    same = all(
        np.array_equal(mine, theirs)
        for layer in model.layers
        if layer.get_weights()
        for mine, theirs in zip(layer.get_weights(), expected[layer.name], strict=True)
    )
    check(same, "weights to the bit")
    difference = np.abs(model(images, training=False).numpy() - array(golden["before"])).max()
    check(difference <= 1e-6, f"predictions within 1e-6 (at most {difference:.1e} apart)")
    blank = library.models.clone_model(model)
    blank.load_weights(Path(sys.argv[1]) / "graph.weights.h5")
    check(all(map(np.array_equal, blank.get_weights(), model.get_weights())), "the same from .weights.h5")
    model.compile("sgd", "categorical_crossentropy")
    model.fit(images, labels, verbose=0)
    check(np.all(np.isfinite(model.evaluate(images, labels, verbose=0))), "trains on")
