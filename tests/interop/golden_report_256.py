"""The report's network at its real size in Keras: 20 SGD and 20 Adam steps of 32 images of 256x256, for comparison.

    python tests/interop/golden_report_256.py <folder>
    FOVEA_GOLDEN_256=<folder> npx vitest run tests/core/golden-report-256.test.ts

Initial weights and batches come from the formula of tests/fixtures/keras/report_network.py, so the folder only gets
`result.json` (losses, versions) and `sgd-weights.f32` (final weights in the model's order, little-endian float32).
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures" / "keras"))

import numpy as np
from fixture import keras, tf
from report_network import adam, sgd, train

SIZE, COUNT, CLASSES = 256, 32, 2

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

sgd_losses, _, model = train(SIZE, CLASSES, COUNT, sgd)
weights = np.concatenate([np.asarray(weight).ravel() for weight in model.trainable_weights])
(folder / "sgd-weights.f32").write_bytes(weights.astype("<f4").tobytes())
adam_losses, _, _ = train(SIZE, CLASSES, COUNT, adam)

result = dict(keras=keras.__version__, tensorflow=tf.__version__, size=SIZE, batchSize=COUNT, classes=CLASSES)
result |= dict(sgdLosses=sgd_losses, adamLosses=adam_losses)
(folder / "result.json").write_text(json.dumps(result, indent=2) + "\n")
print(f"SGD {sgd_losses[0]:.6f} to {sgd_losses[-1]:.6f}, Adam {adam_losses[0]:.6f} to {adam_losses[-1]:.6f}: {folder}")
