"""The report's notebook in Keras, step by step: load, scale, split by batches, train, judge, predict, save, reload.

Left out, all in the peer's favour: deleting unreadable files (it only names them), the contact sheet and the plots.
Prints progress on standard error and one JSON line on standard output.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from PIL import Image


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="one sub-folder a class")
    parser.add_argument("--out", type=Path, required=True, help="where logs and the model go")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", action="store_true", help="keep decoded images in memory, which the notebook does not")
    return parser.parse_args()


def unreadable_files(folder):
    """By the header alone; the notebook decodes each file whole."""
    wrong = []
    for path in sorted(folder.glob("*/*")):
        try:
            with Image.open(path) as image:
                if image.format not in ("JPEG", "PNG", "BMP", "GIF"):
                    wrong.append(path)
        except OSError:
            wrong.append(path)
    return wrong


def load_parts(folder, cache):
    """70/20/10 by batches, as the notebook cuts them. The order is drawn anew in each pass, so the parts leak."""
    data = keras.utils.image_dataset_from_directory(folder, image_size=(256, 256), batch_size=32, verbose=False)
    data = data.map(lambda images, labels: (images / 255, labels))
    if cache:
        data = data.cache()
    batches = len(data)
    train = int(batches * 0.7)
    validation = min(int(batches * 0.2) + 1, batches - train - 1)
    return data.take(train), data.skip(train).take(validation), data.skip(train + validation)


def build_network():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((256, 256, 3)),
            layers.Conv2D(16, (3, 3), 1, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, (3, 3), 1, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, (3, 3), 1, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", loss=keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
    return model


def judge(model, test):
    metrics = {
        "precision": keras.metrics.Precision(),
        "recall": keras.metrics.Recall(),
        "accuracy": keras.metrics.BinaryAccuracy(),
    }
    for images, labels in test.as_numpy_iterator():
        predicted = model.predict(images, verbose=0)
        for metric in metrics.values():
            metric.update_state(labels[:, None], predicted)
    return {name: float(metric.result()) for name, metric in metrics.items()}


def read_one(folder):
    path = next(path for path in sorted(folder.glob("*/*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    image = tf.io.decode_image(tf.io.read_file(str(path)), channels=3, expand_animations=False)
    return tf.image.resize(image, (256, 256))[None] / 255


def main():
    arguments = parse_arguments()
    started = time.perf_counter()
    keras.utils.set_random_seed(arguments.seed)
    for path in unreadable_files(arguments.folder):
        print(f"Not an image that Keras reads: {path}", file=sys.stderr)
    train, validation, test = load_parts(arguments.folder, arguments.cache)
    model = build_network()
    tensorboard = keras.callbacks.TensorBoard(log_dir=str(arguments.out / "logs"))
    history = model.fit(train, epochs=arguments.epochs, validation_data=validation, callbacks=[tensorboard], verbose=0)
    rates = judge(model, test)
    one = read_one(arguments.folder)
    before = model.predict(one, verbose=0)
    saved = str(arguments.out / "model.h5")
    model.save(saved)
    after = keras.models.load_model(saved).predict(one, verbose=0)
    result = {
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
        },
        "threads": os.cpu_count(),
        "epochs": arguments.epochs,
        "batches": {"train": len(train), "validation": len(validation), "test": len(test)},
        "parameters": model.count_params(),
        "loss": history.history["loss"][-1],
        "test": rates,
        "reloadedDiffersBy": float(abs(before - after).max()),
        "secondsAfterImport": time.perf_counter() - started,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
