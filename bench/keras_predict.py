"""What `fovea predict` does, in Keras: python keras_predict.py <model.h5> <photo>."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

model = keras.models.load_model(sys.argv[1], compile=False)
image = tf.io.decode_image(tf.io.read_file(sys.argv[2]), channels=3, expand_animations=False)
pixels = tf.image.resize(image, model.input_shape[1:3])[None] / 255
probability = float(model(pixels, training=False)[0, 0])
print(f"class {int(probability > 0.5)} {max(probability, 1 - probability):.1%}")
