"""Models with regularizers, constraints, a schedule and settings of the loss: read and written again by Fovea they must be as they were, for Keras 3 and Keras 2."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import tf_keras

folder = Path(sys.argv[1])
here = Path(__file__).parent
sys.path.insert(0, str(here.parent / "fixtures" / "formats"))
import settings  # the models of the fixtures  # noqa: E402


def check(holds, what):
    if not holds:
        raise SystemExit(f"{what}: no")
    print(f"        {what}")


expected = {}
for library in [keras, tf_keras]:
    model = settings.trained(library)
    for ending in ["keras", "h5"]:
        model.save(folder / f"{library.__name__}.{ending}")
        expected[f"{library.__name__}.{ending}"] = np.asarray(model(settings.images))
subprocess.run(["node", here / "settings.write.mjs", folder, *expected], check=True)
for file, predictions in expected.items():
    for library, ending in [(keras, "keras"), (keras, "h5"), (tf_keras, "h5")]:
        model = library.models.load_model(folder / f"again-{file}.{ending}")
        difference = np.abs(np.asarray(model(settings.images)) - predictions).max()
        check(difference <= 1e-6 and settings.same_settings(model), f"{file} as .{ending} in {library.__name__}: the same")
        smoothing = getattr(model.loss, "label_smoothing", None) or model.loss._fn_kwargs["label_smoothing"]
        check(np.isclose(smoothing, 0.1), "labels are smoothed")
        if (library, ending) != (keras, "h5"):  # Keras 3 takes the optimizer of a .h5 with its defaults
            schedule = model.optimizer.get_config()["learning_rate"]
            check(schedule["class_name"] == "ExponentialDecay" and schedule["config"]["decay_steps"] == 10, "the schedule")
