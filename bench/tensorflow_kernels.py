"""TensorFlow's side of kernels.mjs: its raw operations in a compiled tf.function. argv: threads."""

import os
import platform
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from worker import serve

threads = int(sys.argv[1])
tf.config.threading.set_intra_op_parallelism_threads(threads)
raw = tf.raw_ops


def random(*shape):
    return tf.random.uniform([int(size) for size in shape])


def compiled(function, *arguments):
    """Operands come as arguments, so that nothing is computed when the graph is made."""
    graph = tf.function(function, autograph=False)
    return {"tf.function": lambda: graph(*arguments)}


def images(case, channels):
    return random(case["batch"], case["size"], case["size"], channels)


def out_images(case, channels):
    size = -(-case["size"] // case["stride"])
    return random(case["batch"], size, size, channels)


def strides(case):
    return {"strides": [1, case["stride"], case["stride"], 1], "padding": "SAME"}


def convolution(case):
    x, options = images(case, case["inputs"]), strides(case)
    w = random(case["kernel"], case["kernel"], case["inputs"], case["outputs"])
    if case["part"] == "forward":
        return compiled(lambda x, w: raw.Conv2D(input=x, filter=w, **options), x, w)
    dy = out_images(case, case["outputs"])
    if case["part"] == "inputGradient":
        return compiled(
            lambda w, dy: raw.Conv2DBackpropInput(input_sizes=x.shape, filter=w, out_backprop=dy, **options), w, dy
        )
    return compiled(
        lambda x, dy: raw.Conv2DBackpropFilter(input=x, filter_sizes=w.shape, out_backprop=dy, **options), x, dy
    )


def folded_convolution(case):
    """Batch normalisation at inference: the graph's own rewriting folds what it can."""
    x, options = images(case, case["inputs"]), strides(case)
    w = tf.constant(random(case["kernel"], case["kernel"], case["inputs"], case["outputs"]))
    b = tf.constant(random(case["outputs"]))
    return compiled(lambda x: tf.nn.relu(tf.nn.bias_add(raw.Conv2D(input=x, filter=w, **options), b)), x)


def depthwise(case):
    x, options = images(case, case["channels"]), strides(case)
    w = random(case["kernel"], case["kernel"], case["channels"], 1)
    if case["part"] == "forward":
        return compiled(lambda x, w: raw.DepthwiseConv2dNative(input=x, filter=w, **options), x, w)
    dy = out_images(case, case["channels"])
    if case["part"] == "inputGradient":
        return compiled(
            lambda w, dy: raw.DepthwiseConv2dNativeBackpropInput(
                input_sizes=x.shape, filter=w, out_backprop=dy, **options
            ),
            w,
            dy,
        )
    return compiled(
        lambda x, dy: raw.DepthwiseConv2dNativeBackpropFilter(
            input=x, filter_sizes=w.shape, out_backprop=dy, **options
        ),
        x,
        dy,
    )


def pool(case):
    kernel = case["kernel"]
    x, options = images(case, case["channels"]), {"ksize": [1, kernel, kernel, 1], **strides(case)}
    average = case["kind"] == "averagePool"
    forward = (lambda x: raw.AvgPool(value=x, **options)) if average else (lambda x: raw.MaxPool(input=x, **options))
    if case["part"] == "forward":
        return compiled(forward, x)
    y, dy = forward(x), out_images(case, case["channels"])
    if average:
        return compiled(lambda dy: raw.AvgPoolGrad(orig_input_shape=x.shape, grad=dy, **options), dy)
    return compiled(lambda x, y, dy: raw.MaxPoolGrad(orig_input=x, orig_output=y, grad=dy, **options), x, y, dy)


def global_pool(case):
    x = images(case, case["channels"])
    if case["part"] == "forward":
        return compiled(lambda x: tf.reduce_mean(x, [1, 2]), x)
    dy = random(case["batch"], 1, 1, case["channels"])
    return compiled(lambda dy: tf.broadcast_to(dy / case["size"] ** 2, x.shape), dy)


def batch_norm(case):
    x = images(case, case["channels"])
    gamma, beta = random(case["channels"]), random(case["channels"])
    options = {"epsilon": 1e-3, "is_training": True}

    def forward(x, gamma, beta):
        return raw.FusedBatchNormV3(x=x, scale=gamma, offset=beta, mean=[], variance=[], **options)

    if case["part"] == "forward":
        return compiled(forward, x, gamma, beta)
    saved = tf.function(forward)(x, gamma, beta)
    dy = images(case, case["channels"])
    return compiled(
        lambda dy, x, gamma, *spaces: raw.FusedBatchNormGradV3(
            y_backprop=dy,
            x=x,
            scale=gamma,
            reserve_space_1=spaces[0],
            reserve_space_2=spaces[1],
            reserve_space_3=spaces[2],
            **options,
        ),
        dy,
        x,
        gamma,
        saved.reserve_space_1,
        saved.reserve_space_2,
        saved.reserve_space_3,
    )


def add(case):
    return compiled(lambda x, y: raw.AddV2(x=x, y=y), images(case, case["channels"]), images(case, case["channels"]))


def dense(case):
    x, dy = random(case["batch"], case["inputs"]), random(case["batch"], case["outputs"])
    w = random(case["inputs"], case["outputs"])
    if case["part"] == "forward":
        return compiled(lambda x, w: raw.MatMul(a=x, b=w), x, w)
    if case["part"] == "inputGradient":
        return compiled(lambda dy, w: raw.MatMul(a=dy, b=w, transpose_b=True), dy, w)
    return compiled(lambda x, dy: raw.MatMul(a=x, b=dy, transpose_a=True), x, dy)


def softmax(case):
    x = random(case["batch"], case["channels"])
    if case["part"] == "forward":
        return compiled(lambda x: raw.Softmax(logits=x), x)
    y, dy = raw.Softmax(logits=x), random(case["batch"], case["channels"])
    return compiled(lambda y, dy: (dy - tf.reduce_sum(dy * y, 1, keepdims=True)) * y, y, dy)


def update(case):
    """The variables are held by the step, for a handle alone does not keep its variable alive."""
    count = case["parameters"]
    w, m, v = (tf.Variable(random(count)) for _ in range(3))
    gradient = random(count)
    if case["kind"] == "sgd":

        def step(gradient):
            raw.ResourceApplyGradientDescent(var=w.handle, alpha=1e-3, delta=gradient)

        return compiled(step, gradient)

    def step(gradient):
        powers = {"beta1_power": 0.9, "beta2_power": 0.999}
        rates = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
        raw.ResourceApplyAdam(var=w.handle, m=m.handle, v=v.handle, grad=gradient, **powers, **rates)

    return compiled(step, gradient)


KERNELS = {
    "convolution": convolution,
    "foldedConvolution": folded_convolution,
    "depthwise": depthwise,
    "maxPool": pool,
    "averagePool": pool,
    "globalPool": global_pool,
    "batchNorm": batch_norm,
    "add": add,
    "dense": dense,
    "softmax": softmax,
    "sgd": update,
    "adam": update,
}

serve(
    {"tensorflow": tf.__version__, "tensorflowThreads": threads, "python": platform.python_version()},
    lambda case: KERNELS[case["kind"]](case),
)
