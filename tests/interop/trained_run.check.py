"""Loads the model of a real run with Keras 3 and Keras 2: the same photos must get the same probabilities to 1e-5.

ONNX Runtime must get them from the photos as Pillow decodes them. It then trains on in Keras 3, to see that the compile settings came along, and reads the run's events with TensorBoard.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import tf_keras
from PIL import Image, ImageOps
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

folder = Path(sys.argv[1])
record = json.loads((folder / "predictions.json").read_text())
size, answered = record["imageSize"], record["answered"]
photos = np.fromfile(folder / "photos.float32", "<f4").reshape(-1, size, size, 3)
ours = np.array([prediction["probabilities"]["sad"] for prediction in answered])
path = str(folder / "run" / "model.h5")


def check(holds, what):
    if not holds:
        raise SystemExit(f"{what}: no")
    print(f"        {what}")


check(len(photos) == len(answered) > 50, f"{len(photos)} photos were prepared and predicted")
for name, library in (("Keras 3", keras), ("Keras 2", tf_keras)):
    theirs = library.models.load_model(path).predict(photos, verbose=0)[:, 0]
    difference = float(np.abs(theirs - ours).max())
    check(difference <= 1e-5, f"{name} predicts the same: largest difference {difference:.1e}")
session = onnxruntime.InferenceSession(folder / "photos.onnx", providers=["CPUExecutionProvider"])
decoded = [np.asarray(ImageOps.exif_transpose(Image.open(prediction["photo"])).convert("RGB"))[None] for prediction in answered]
theirs = np.array([session.run(None, {"photos": photo})[0][0, 0] for photo in decoded])
difference = float(np.abs(theirs - ours).max())
check(difference <= 1e-3, f"ONNX Runtime predicts the same from photos that Pillow decoded: {difference:.1e}")
check(ours.std() > 1e-3, "the predictions differ from photo to photo")

model = keras.models.load_model(path)
labels = (ours > 0.5).astype("float32")[:, None]
history = model.fit(photos, labels, epochs=1, verbose=0).history
check(set(history) == {"loss", "accuracy"} and np.isfinite(history["loss"][0]), "Keras 3 trains it on")

for part, tags in (
    ("train", {"epoch_loss", "epoch_accuracy", "epoch_learning_rate"}),
    ("validation", {"epoch_loss", "epoch_accuracy"}),
):
    events = EventAccumulator(str(folder / "run" / "tensorboard" / part), size_guidance={"tensors": 0}).Reload()
    found = set(events.Tags()["tensors"])
    check(tags <= found, f"TensorBoard finds {', '.join(sorted(tags))} in {part}/")
    check([event.step for event in events.Tensors("epoch_loss")] == [0, 1, 2], f"and three epochs in {part}/")
