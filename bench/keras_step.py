"""One training step of the report's network in Keras on TensorFlow: see training-step.mjs. argv: threads."""

import os
import platform
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy
import tensorflow as tf

from keras_report import build_network
from worker import serve

threads = int(sys.argv[1])
tf.config.threading.set_intra_op_parallelism_threads(threads)
keras.utils.set_random_seed(1)


def training_step(batch):
    model = build_network()
    images = tf.constant(numpy.random.rand(batch, 256, 256, 3).astype("float32"))
    labels = tf.constant((numpy.arange(batch) % 2)[:, None].astype("float32"))
    return lambda: float(model.train_on_batch(images, labels)[0])


serve(
    {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "tensorflowThreads": threads,
        "python": platform.python_version(),
    },
    lambda case: {"train_on_batch": training_step(case["batch"])},
)
