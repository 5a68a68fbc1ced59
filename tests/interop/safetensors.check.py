"""Opens what safetensors.write.mjs wrote with the library that the format comes from; then the other way round, in each kind of number."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import ml_dtypes
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

folder = Path(sys.argv[1])
here = Path(__file__).parent
original = keras.models.load_model(here.parent / "fixtures" / "keras" / "graph-run.h5")


def check(holds, what):
    if not holds:
        raise SystemExit(f"{what}: no")
    print(f"        {what}")


path = folder / "graph.safetensors"
expected = {f"{layer.name}/{weight.name.split('/')[-1]}": weight.numpy() for layer in original.layers for weight in layer.weights}
found = load_file(path)
check(len(expected) > 5 and found.keys() == expected.keys(), f"{len(found)} arrays by their names")
check(all(np.array_equal(found[name], array) for name, array in expected.items()), "to the bit")
with safe_open(path, "numpy") as file:
    metadata = file.metadata()
check(json.loads(metadata["fovea_classes"]) == ["a", "tr\u00e8s b", "c"], "classes in the metadata")
check(keras.models.model_from_json(metadata["keras_config"]).count_params() == original.count_params(), "Keras builds the model from the metadata")

for kind in [np.float64, np.float32, np.float16, ml_dtypes.bfloat16]:
    arrays = {name: array.astype(kind) for name, array in expected.items()}
    save_file(arrays, folder / "theirs.safetensors")
    read = subprocess.run(["node", here / "safetensors.write.mjs", folder, "theirs.safetensors"], capture_output=True, check=True)
    weights = {f"{weight['layer']}/{weight['name']}": weight for weight in json.loads(read.stdout)}
    same = all(
        np.array_equal(np.float32(weights[name]["values"]).reshape(weights[name]["shape"]), array.astype(np.float32))
        for name, array in arrays.items()
    )
    check(weights.keys() == arrays.keys() and same, f"Fovea reads {np.dtype(kind).name}")
