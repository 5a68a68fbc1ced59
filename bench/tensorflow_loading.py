"""A pass over a folder of photos by tf.data: see loading.mjs. argv: threads."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from worker import serve

threads = int(sys.argv[1])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)


def ways_of(case):
    size = (case["imageSize"], case["imageSize"])
    photos = keras.utils.image_dataset_from_directory(case["folder"], image_size=size, shuffle=False, verbose=False)
    dataset = photos.map(lambda x, y: (x / 255, y)).prefetch(tf.data.AUTOTUNE)

    def run():
        for _ in dataset:
            pass

    return {"image_dataset_from_directory": run}


serve({"tensorflow": tf.__version__, "keras": keras.__version__, "tensorflowThreads": threads}, ways_of)
