"""The report's network at its real size in Keras: 20 SGD and 20 Adam steps of 32 images of 256x256, for comparison.

    python tests/interop/golden_report_256.py <folder>
    FOVEA_GOLDEN_256=<folder> npx vitest run tests/core/golden-report-256.test.ts

Initial weights and batches come from the formula of tests/fixtures/keras/report_network.py, so the folder only gets
`result.json` (versions, losses) and `sgd-weights.f32` (final weights after SGD in the model's order, little-endian float32).

Each run is made in float64 too, to know what of a difference is rounding. Both learning rates are a tenth of Keras's defaults:
with those the loss leaps at this size and amplifies rounding, so that Keras's weights end 8e-5 (SGD) from their float64
selves and its losses 4 % (Adam).
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures" / "keras"))

import numpy as np
from fixture import keras, tf
from report_network import train

SIZE, COUNT, CLASSES = 256, 32, 2
LEARNING_RATES = dict(sgd=0.001, adam=0.0001)


def sgd():
    return keras.optimizers.SGD(learning_rate=LEARNING_RATES["sgd"])


def adam():
    return keras.optimizers.Adam(learning_rate=LEARNING_RATES["adam"])


def run(optimizer, floatx):
    """Losses, and all final weights end to end."""
    losses, _, model = train(SIZE, CLASSES, COUNT, optimizer, floatx)
    return np.array(losses), np.concatenate([np.asarray(weight).ravel() for weight in model.trainable_weights])


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
result = dict(keras=keras.__version__, tensorflow=tf.__version__, learningRates=LEARNING_RATES)
for name, optimizer in dict(sgd=sgd, adam=adam).items():
    (losses, weights), (losses64, weights64) = run(optimizer, "float32"), run(optimizer, "float64")
    result |= {f"{name}Losses": losses.tolist(), f"{name}LossesFloat64": losses64.tolist()}
    if name == "sgd":
        (folder / "sgd-weights.f32").write_bytes(weights.astype("<f4").tobytes())
    relative, absolute = np.abs(losses / losses64 - 1).max(), np.abs(weights - weights64).max()
    print(f"{name}: losses {losses[0]:.6f} to {losses[-1]:.6f}; from float64: losses {relative:.1e}, weights {absolute:.1e}", flush=True)
(folder / "result.json").write_text(json.dumps(result, indent=2) + "\n")
