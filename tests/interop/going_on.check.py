"""Goes on in Keras 3 and Keras 2 with the training that going_on.write.mjs began, then lets Fovea go on with theirs: the next five losses must be the same."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import tf_keras

folder = Path(sys.argv[1])
here = Path(__file__).parent
sys.path.insert(0, str(here.parent / "fixtures" / "formats"))
import going_on  # the networks and the optimizers of the fixtures  # noqa: E402

BEFORE, AFTER, BATCH, SIDE = 3, 5, 6, 8
TOLERANCE = 1e-4


def check(holds, what):
    if not holds:
        raise SystemExit(f"{what}: no")
    print(f"        {what}")


def batches(classes):
    """As going_on.write.mjs makes them."""
    steps = np.arange(BEFORE + AFTER)[:, None]
    pixels = (np.arange(BATCH * SIDE * SIDE * 3) + steps * 8191) * 7919 % 256
    labels = (np.arange(BATCH) ** 2 + steps) % classes
    return pixels.reshape(-1, BATCH, SIDE, SIDE, 3).astype("float32"), labels


going_on.batches = batches


def compare(what, ours, theirs):
    difference = np.abs(np.array(ours) - np.array(theirs)).max()
    check(len(ours) == AFTER and difference <= TOLERANCE, f"{what}: five losses within {TOLERANCE} (at most {difference:.1e} apart)")


begun = json.loads((folder / "losses.json").read_text())
for library, ending in [(keras, "keras"), (tf_keras, "h5")]:
    print(f"      begun in Fovea, gone on in {library.__name__} {library.__version__} (.{ending})")
    for name, expected in begun.items():
        model = library.models.load_model(folder / f"{name}.{ending}")
        check(int(model.optimizer.iterations.numpy()) == BEFORE, f"{name}: updates made")
        compare(name, expected["losses"], going_on.go_on(model, expected["outputs"]))

for library, endings in [(keras, ["keras", "h5"]), (tf_keras, ["keras", "h5"])]:
    print(f"      begun in {library.__name__} {library.__version__}, gone on in Fovea")
    expected = {}
    makers = {**going_on.optimizers(library), "smoothed": library.optimizers.Adam(0.01)}
    if library is tf_keras:
        makers |= going_on.older_optimizers()
    for name, optimizer in makers.items():
        outputs = going_on.outputs_of(name)
        loss = library.losses.CategoricalCrossentropy(label_smoothing=0.2) if name == "smoothed" else None
        model = going_on.begin(library, optimizer, outputs, loss)
        files = [f"{library.__name__}-{name}.{ending}" for ending in endings if not (name.startswith("legacy") and ending == "keras")]
        for file in files:
            model.save(folder / file)
        losses = going_on.go_on(model, outputs)
        expected |= {file: losses for file in files}
    read = subprocess.run(["node", here / "going_on.write.mjs", folder, *expected], capture_output=True, check=True)
    for file, losses in json.loads(read.stdout).items():
        compare(file, losses, expected[file])
