"""One training step of the report's network in Keras, timed on demand: see training-step.mjs for the protocol."""

import json
import os
import platform
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy
import tensorflow as tf

from keras_report import build_network

batch_size = int(sys.argv[1])
keras.utils.set_random_seed(1)
model = build_network()
images = tf.constant(numpy.random.rand(batch_size, 256, 256, 3).astype("float32"))
labels = tf.constant((numpy.arange(batch_size) % 2)[:, None].astype("float32"))
versions = {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__}
for _ in range(3):
    model.train_on_batch(images, labels)
print(json.dumps({"ready": versions}), flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    loss = float(model.train_on_batch(images, labels)[0])
    print(json.dumps({"seconds": time.perf_counter() - started, "loss": loss}), flush=True)
