"""Predictions of the report's network by Keras on TensorFlow: see inference.mjs. argv: threads."""

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


def ways_of(case):
    model = build_network()
    images = numpy.random.rand(case["batch"], 256, 256, 3).astype("float32")
    given = tf.constant(images)
    compiled = tf.function(lambda x: model(x, training=False))
    return {
        "model(x) in tf.function": lambda: compiled(given).numpy(),
        "predict_on_batch": lambda: model.predict_on_batch(images),
    }


serve(
    {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "tensorflowThreads": threads,
        "python": platform.python_version(),
    },
    ways_of,
)
