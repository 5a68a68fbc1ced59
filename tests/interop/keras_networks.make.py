"""Makes models by Keras's own hands, with random weights, for keras_networks.write.mjs: every layer with odd settings, ten whole
networks, and networks of keras.applications at a small size. The folder gets `<name>.keras`, `<name>.h5` and `models.json`.

    python tests/interop/keras_networks.make.py <folder> [part of a name]
"""

import json
import os
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

layers = keras.layers
folder = Path(sys.argv[1])
wanted = sys.argv[2] if len(sys.argv) > 2 else ""
random = np.random.default_rng(3)
facts = {}
data = Path(os.environ.get("FOVEA_DATA", Path(__file__).parents[3] / "shared" / "data")) / "happy-sad"
paths = [path for name in ("happy", "sad") for path in sorted((data / name).glob("*.jp*g"))[:3]]
photos = [tf.io.decode_jpeg(tf.io.read_file(str(path)), channels=3) for path in paths]


def tell_apart(model, scale):
    """Sets the last layer so that it says something else of each photo: answers that are all alike prove nothing."""
    last = [layer for layer in model.layers if hasattr(layer, "kernel")][-1]
    height, width = model.input_shape[1:3]
    images = np.stack([tf.image.resize(photo, (height, width)) for photo in photos]) * np.float32(scale)
    norms = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)  # every normalisation has the photos' own statistics, or the photos would be lost in the biases
    for norm, momentum in zip(norms, kept):
        norm.momentum = momentum
    features = keras.Model(model.inputs, last.input)(images, training=False).numpy()
    features = features.reshape(len(photos), -1)
    kernel = last.kernel.numpy()
    outputs = features @ kernel.reshape(features.shape[1], -1)
    spread = outputs.std(axis=0) + np.abs(outputs).max(axis=0)  # no more, or rounding is what would be seen
    last.kernel.assign(kernel / spread)
    last.bias.assign(-outputs.mean(axis=0) / spread)


def save(name, kind, make, scale=1 / 255):
    """`kind` is "layer", "network" or "application"; `scale` is what a photo's bytes are multiplied by before the model."""
    if wanted not in name:
        return
    keras.utils.set_random_seed(len(facts) + 1)
    model = make()
    for weight in model.weights:
        low, high = (0.5, 1.5) if weight.name in ("gamma", "moving_variance", "variance") else (-0.3, 0.3)
        if weight.name not in ("kernel", "count") and weight.dtype == "float32":
            weight.assign(random.uniform(low, high, weight.shape))
    for layer in model.layers:
        if isinstance(layer, layers.Normalization) and layer.input_mean is None:
            layer.finalize_state()
    if kind != "layer":
        tell_apart(model, scale)
    for ending in ("keras", "h5"):
        model.save(folder / f"{name}.{ending}")
    facts[name] = dict(kind=kind, scale=scale, weights=model.count_params())


def one(layer, *shape):
    """A model of one layer."""
    return lambda: keras.Sequential([keras.Input(shape or (7, 9, 3)), layer()])


def joined(layer, *branches):
    def make():
        image = keras.Input((7, 9, 3))
        return keras.Model(image, layer()([branch(image) for branch in branches]))

    return make


def conv(filters, size=1, **options):
    return lambda x: layers.Conv2D(filters, size, padding="same", **options)(x)


def squeezed(filters):
    return lambda x: layers.Dense(filters, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))


L = layers
single = {
    "conv2d_odd": one(lambda: L.Conv2D(5, (3, 2), strides=(2, 1), padding="same", use_bias=False, activation="relu6")),
    "conv2d_valid": one(lambda: L.Conv2D(17, (4, 5), strides=(3, 2), activation="tanh")),
    "conv2d_dilated": one(lambda: L.Conv2D(4, 3, dilation_rate=(2, 3), activation="elu")),
    "conv2d_dilated_same": one(lambda: L.Conv2D(4, (3, 2), dilation_rate=2, padding="same", use_bias=False)),
    "conv2d_groups": one(lambda: L.Conv2D(6, 3, groups=3, activation="selu")),
    "conv2d_large": one(lambda: L.Conv2D(2, (7, 9), padding="valid")),
    "conv2d_stride_beyond": one(lambda: L.Conv2D(3, 1, strides=3, padding="same")),
    "depthwise_odd": one(lambda: L.DepthwiseConv2D((2, 3), depth_multiplier=2, padding="same", activation="gelu")),
    "depthwise_strided": one(lambda: L.DepthwiseConv2D(3, strides=(2, 2), use_bias=False)),
    "depthwise_dilated": one(lambda: L.DepthwiseConv2D(3, dilation_rate=2, padding="same")),
    "separable_odd": one(lambda: L.SeparableConv2D(5, (3, 2), depth_multiplier=2, padding="same", activation="swish")),
    "separable_strided": one(lambda: L.SeparableConv2D(5, 3, strides=2, use_bias=False)),
    "separable_dilated": one(lambda: L.SeparableConv2D(3, 2, dilation_rate=3)),
    "dense_4d": one(lambda: L.Dense(5, activation="softplus")),
    "dense_vector": one(lambda: L.Dense(7, use_bias=False, activation="softmax"), 5, 1, 3),
    "max_pool": one(lambda: L.MaxPooling2D((3, 2), strides=(1, 2), padding="same")),
    "max_pool_valid": one(lambda: L.MaxPooling2D((2, 5), strides=(3, 1))),
    "average_pool": one(lambda: L.AveragePooling2D((3, 5), strides=(2, 2), padding="same")),
    "average_pool_valid": one(lambda: L.AveragePooling2D((5, 2))),
    "global_average": one(lambda: L.GlobalAveragePooling2D()),
    "global_average_kept": one(lambda: L.GlobalAveragePooling2D(keepdims=True)),
    "global_max": one(lambda: L.GlobalMaxPooling2D()),
    "global_max_kept": one(lambda: L.GlobalMaxPooling2D(keepdims=True)),
    "batch_norm": one(lambda: L.BatchNormalization(epsilon=0.01, momentum=0.9)),
    "batch_norm_plain": one(lambda: L.BatchNormalization(center=False, scale=False)),
    "normalization": one(lambda: L.Normalization(mean=[0.1, 0.5, 0.3], variance=[1.5, 0.5, 2])),
    "normalization_adapted": one(lambda: L.Normalization()),
    "rescaling": one(lambda: L.Rescaling(2.5, offset=-1)),
    "rescaling_channels": one(lambda: L.Rescaling([1.0, 2.0, 0.5], offset=[0.1, 0.0, -0.1])),
    "flatten": one(lambda: L.Flatten()),
    "reshape": one(lambda: L.Reshape((9, -1, 1))),
    "reshape_pixel": one(lambda: L.Reshape((1, 1, 189))),
    "zero_padding": one(lambda: L.ZeroPadding2D(((0, 1), (2, 3)))),
    "cropping": one(lambda: L.Cropping2D(((0, 1), (2, 3)))),
    "up_sampling": one(lambda: L.UpSampling2D((2, 3))),
    "dropout": one(lambda: L.Dropout(0.5, noise_shape=(None, 1, 1, 1))),
    "spatial_dropout": one(lambda: L.SpatialDropout2D(0.5)),
    "relu": one(lambda: L.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2)),
    "relu_max": one(lambda: L.ReLU(0.3)),
    "leaky_relu": one(lambda: L.LeakyReLU(negative_slope=0.07)),
    "prelu": one(lambda: L.PReLU()),
    "prelu_shared": one(lambda: L.PReLU(shared_axes=[1, 2])),
    "elu": one(lambda: L.ELU(alpha=0.3)),
    "softmax": one(lambda: L.Softmax()),
    "gaussian_noise": one(lambda: L.GaussianNoise(0.3)),
    "gaussian_dropout": one(lambda: L.GaussianDropout(0.3)),
    "random_flip": one(lambda: L.RandomFlip("horizontal")),
    "random_rotation": one(lambda: L.RandomRotation(0.1)),
    "random_zoom": one(lambda: L.RandomZoom(0.2)),
    "add": joined(L.Add, conv(4), conv(4, 3), conv(4, 2)),
    "subtract": joined(L.Subtract, conv(4), conv(4, 3)),
    "average": joined(L.Average, conv(4), conv(4, 3), conv(4, 2)),
    "maximum": joined(L.Maximum, conv(4), conv(4, 3), conv(4, 2)),
    "minimum": joined(L.Minimum, conv(4), conv(4, 3)),
    "concatenate": joined(L.Concatenate, conv(1), conv(17, 3), conv(4, 2)),
    "concatenate_axis": joined(lambda: L.Concatenate(axis=3), conv(3), conv(5)),
    "multiply": joined(L.Multiply, conv(4), conv(4, 3)),
    "multiply_channels": joined(L.Multiply, conv(6), squeezed(6)),
    "multiply_pixels": joined(L.Multiply, conv(1), conv(6, 3)),
}
names = """linear relu relu6 leaky_relu elu selu sigmoid tanh exponential softplus softsign silu gelu hard_sigmoid hard_silu mish
softmax""".split()
for name, make in single.items():
    save(f"layer_{name}", "layer", make)
for name in names:
    save(f"layer_activation_{name}", "layer", one(lambda: L.Activation(name)))
    save(f"layer_conv2d_{name}", "layer", one(lambda: L.Conv2D(5, 3, activation=name)))


# ---- whole networks ----


def norm_relu(x, limit=None):
    return L.ReLU(limit)(L.BatchNormalization()(x))


def head(x, classes=3):
    return L.Dense(classes, activation="softmax")(L.Dropout(0.2)(L.GlobalAveragePooling2D()(x)))


def network(body, shape=(48, 40, 3)):
    def make():
        image = keras.Input(shape)
        return keras.Model(image, body(image))

    return make


def sequential():
    return keras.Sequential(
        [
            keras.Input((48, 40, 3)),
            L.RandomFlip("horizontal"),
            L.Rescaling(2.0, offset=-1),
            L.Conv2D(8, 3, activation="relu"),
            L.MaxPooling2D(2),
            L.Conv2D(12, (3, 5), padding="same"),
            L.LeakyReLU(),
            L.MaxPooling2D((2, 3)),
            L.Flatten(),
            L.Dense(20, activation="relu"),
            L.Dropout(0.5),
            L.Dense(1, activation="sigmoid"),
        ]
    )


def residual(x):
    x = L.Conv2D(8, 3, padding="same")(x)
    for stride in (1, 2, 2):
        y = norm_relu(L.Conv2D(8, 3, strides=stride, padding="same", use_bias=False)(x))
        y = L.BatchNormalization()(L.Conv2D(8, 3, padding="same")(y))
        x = L.ReLU()(L.Add()([y, L.Conv2D(8, 1, strides=stride)(x)]))
    return head(x)


def depthwise(x):
    x = norm_relu(L.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x), 6.0)
    for filters, stride in ((12, 1), (16, 2), (16, 1)):
        x = L.ZeroPadding2D(((0, 1), (0, 1)))(x) if stride == 2 else x
        x = L.DepthwiseConv2D(3, strides=stride, padding="valid" if stride == 2 else "same", use_bias=False)(x)
        x = norm_relu(L.Conv2D(filters, 1, use_bias=False)(norm_relu(x, 6.0)), 6.0)
    x = L.GlobalAveragePooling2D(keepdims=True)(x)
    x = L.Reshape((3,))(L.Conv2D(3, 1)(x))
    return L.Activation("softmax")(x)


def branches(x):
    a = L.Conv2D(6, 3, padding="same", activation="relu")(x)
    b = L.Conv2D(6, 5, padding="same", activation="tanh")(x)
    c = L.SeparableConv2D(6, 3, padding="same")(x)
    x = L.Concatenate()([L.Maximum()([a, b]), L.Average()([a, b, c]), L.Subtract()([b, c]), L.Minimum()([a, c])])
    x = L.MaxPooling2D(3)(x)
    pooled = L.Concatenate()([L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)])
    return L.Dense(3, activation="softmax")(pooled)


def squeeze_excite(x):
    for filters in (8, 16):
        x = L.Conv2D(filters, 3, padding="same", activation="swish")(x)
        y = L.Reshape((1, 1, filters))(L.GlobalAveragePooling2D()(x))
        y = L.Conv2D(filters, 1, activation="sigmoid")(L.Conv2D(filters // 4, 1, activation="swish")(y))
        x = L.AveragePooling2D(2)(L.multiply([x, y]))
    return head(x)


def mobilenet_v2(x):
    x = norm_relu(L.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x), 6.0)
    for filters, stride in ((8, 1), (12, 2), (12, 1)):
        y = norm_relu(L.Conv2D(x.shape[-1] * 6, 1, padding="same", use_bias=False)(x), 6.0)
        y = norm_relu(L.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(y), 6.0)
        y = L.BatchNormalization()(L.Conv2D(filters, 1, use_bias=False)(y))
        x = L.Add()([x, y]) if stride == 1 and x.shape[-1] == filters else y
    return head(norm_relu(L.Conv2D(32, 1, use_bias=False)(x), 6.0))


def resnet(x):
    x = norm_relu(L.Conv2D(8, 7, strides=2)(L.ZeroPadding2D(3)(x)))
    x = L.MaxPooling2D(3, strides=2)(L.ZeroPadding2D(1)(x))
    for filters, stride in ((8, 1), (8, 1), (16, 2)):
        shortcut = x
        if x.shape[-1] != 4 * filters:
            shortcut = L.BatchNormalization()(L.Conv2D(4 * filters, 1, strides=stride)(x))
        y = norm_relu(L.Conv2D(filters, 1, strides=stride)(x))
        y = norm_relu(L.Conv2D(filters, 3, padding="same")(y))
        y = L.BatchNormalization()(L.Conv2D(4 * filters, 1)(y))
        x = L.Activation("relu")(L.Add()([shortcut, y]))
    return head(x)


def inception(x):
    x = norm_relu(L.Conv2D(8, 3, strides=2, use_bias=False)(x))
    for _ in range(2):
        a = norm_relu(L.Conv2D(4, 1, use_bias=False)(x))
        b = norm_relu(L.Conv2D(6, (1, 7), padding="same", use_bias=False)(norm_relu(L.Conv2D(4, 1)(x))))
        b = norm_relu(L.Conv2D(6, (7, 1), padding="same", use_bias=False)(b))
        c = norm_relu(L.Conv2D(4, 1)(L.AveragePooling2D(3, strides=1, padding="same")(x)))
        d = L.MaxPooling2D(3, strides=1, padding="same")(x)
        x = L.Concatenate(axis=3)([a, b, c, d])
    return head(x)


def densenet(x):
    x = L.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    for block in range(2):
        for _ in range(3):
            y = L.Conv2D(12, 1, use_bias=False)(norm_relu(x))
            y = L.Conv2D(4, 3, padding="same", use_bias=False)(norm_relu(y))
            x = L.Concatenate()([x, y])
        x = L.AveragePooling2D(2)(L.Conv2D(8, 1)(norm_relu(x)))
    return head(norm_relu(x))


def vgg(x):
    x = L.Rescaling(1 / 255)(x)
    for filters in (8, 16):
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = L.Conv2D(filters, 3, padding="same", activation="relu")(L.GaussianNoise(0.1)(x))
        x = L.SpatialDropout2D(0.2)(L.MaxPooling2D(2)(x))
    x = L.PReLU(shared_axes=[1, 2])(L.Conv2D(16, 3, dilation_rate=2)(x))
    x = L.Dense(24, activation="relu")(L.Flatten()(L.Cropping2D(1)(x)))
    return L.Softmax()(L.Dense(3)(x))


save("network_sequential", "network", sequential)
for body in (residual, depthwise, branches, squeeze_excite, mobilenet_v2, resnet, inception, densenet):
    save(f"network_{body.__name__}", "network", network(body))
save("network_vgg", "network", network(vgg), scale=1.0)

# ---- keras.applications ----

apps = keras.applications
bytes_in = ("MobileNetV3Small", "EfficientNetB0", "EfficientNetV2B0", "VGG16")  # three rescale bytes themselves; without normalisation what is small stays so
for name, side in dict(
    MobileNet=64,
    MobileNetV2=64,
    MobileNetV3Small=64,
    ResNet50=64,
    ResNet50V2=64,
    DenseNet121=64,
    EfficientNetB0=64,
    EfficientNetV2B0=64,
    InceptionV3=75,
    Xception=71,
    VGG16=32,
    NASNetMobile=64,
).items():
    make = getattr(apps, name)
    save(
        f"application_{name}",
        "application",
        lambda: make(weights=None, input_shape=(side, side, 3), classes=5),
        1.0 if name in bytes_in else 1 / 255,
    )

(folder / "models.json").write_text(json.dumps(facts, indent=1))
print(f"        {len(facts)} models made by Keras {keras.__version__}")
