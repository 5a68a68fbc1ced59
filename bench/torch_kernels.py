"""PyTorch's side of kernels.mjs. argv: threads."""

import platform
import sys

import torch
import torch.nn.functional as F

from worker import serve

threads = int(sys.argv[1])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
aten = torch.ops.aten

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def images(case, channels, size, memory_format):
    return torch.rand(case["batch"], channels, size, size).contiguous(memory_format=memory_format)


def out_size(case):
    return -(-case["size"] // case["stride"])


def convolution(case, memory_format, groups=1):
    kernel, stride, inputs, outputs = case["kernel"], case["stride"], case["inputs"], case["outputs"]
    padding = kernel // 2
    x = images(case, inputs, case["size"], memory_format)
    w = torch.rand(outputs, inputs // groups, kernel, kernel).contiguous(memory_format=memory_format)
    if case["part"] == "forward":
        return lambda: F.conv2d(x, w, None, stride, padding, 1, groups)
    dy = images(case, outputs, out_size(case), memory_format)
    mask = [case["part"] == "inputGradient", case["part"] == "kernelGradient", False]
    return lambda: aten.convolution_backward(
        dy, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], groups, mask
    )


def depthwise(case, memory_format):
    channels = case["channels"]
    return convolution({**case, "inputs": channels, "outputs": channels}, memory_format, channels)


def folded_convolution(case, memory_format):
    """Batch normalisation folded into the convolution by PyTorch's own tool, then ReLU."""
    layer = torch.nn.Conv2d(case["inputs"], case["outputs"], case["kernel"], case["stride"], case["kernel"] // 2)
    folded = torch.nn.utils.fusion.fuse_conv_bn_eval(layer.eval(), torch.nn.BatchNorm2d(case["outputs"]).eval())
    folded = folded.to(memory_format=memory_format)
    x = images(case, case["inputs"], case["size"], memory_format)
    return lambda: F.relu_(folded(x))


def max_pool(case, memory_format):
    kernel, stride, padding = case["kernel"], case["stride"], (case["kernel"] - 1) // 2
    x = images(case, case["channels"], case["size"], memory_format)
    if case["part"] == "forward":
        return lambda: F.max_pool2d(x, kernel, stride, padding)
    y, positions = aten.max_pool2d_with_indices(x, [kernel] * 2, [stride] * 2, [padding] * 2)
    dy = torch.rand_like(y)
    return lambda: aten.max_pool2d_with_indices_backward(
        dy, x, [kernel] * 2, [stride] * 2, [padding] * 2, [1, 1], False, positions
    )


def average_pool(case, memory_format):
    kernel, stride, padding = case["kernel"], case["stride"], (case["kernel"] - 1) // 2
    x = images(case, case["channels"], case["size"], memory_format)
    if case["part"] == "forward":
        return lambda: F.avg_pool2d(x, kernel, stride, padding, False, False)
    dy = images(case, case["channels"], out_size(case), memory_format)
    return lambda: aten.avg_pool2d_backward(
        dy, x, [kernel] * 2, [stride] * 2, [padding] * 2, False, False, None
    )


def global_pool(case, memory_format):
    size = case["size"]
    x = images(case, case["channels"], size, memory_format)
    if case["part"] == "forward":
        return lambda: x.mean([2, 3])
    dy = torch.rand(case["batch"], case["channels"], 1, 1)
    return lambda: (dy / (size * size)).expand(x.shape).contiguous(memory_format=memory_format)


def batch_norm(case, memory_format):
    channels = case["channels"]
    x = images(case, channels, case["size"], memory_format)
    gamma, beta, mean, variance = (torch.rand(channels) for _ in range(4))
    if case["part"] == "forward":
        return lambda: aten.native_batch_norm(x, gamma, beta, mean, variance, True, 0.01, 1e-3)
    dy = torch.rand_like(x)
    _, batch_mean, deviation = aten.native_batch_norm(x, gamma, beta, mean, variance, True, 0.01, 1e-3)
    return lambda: aten.native_batch_norm_backward(
        dy, x, gamma, mean, variance, batch_mean, deviation, True, 1e-3, [True] * 3
    )


def add(case, memory_format):
    x = images(case, case["channels"], case["size"], memory_format)
    other = torch.rand_like(x)
    return lambda: x + other


IMAGE_KERNELS = {
    "convolution": convolution,
    "depthwise": depthwise,
    "foldedConvolution": folded_convolution,
    "maxPool": max_pool,
    "averagePool": average_pool,
    "globalPool": global_pool,
    "batchNorm": batch_norm,
    "add": add,
}


def dense(case):
    """The weights as PyTorch's Linear keeps them (outputs x inputs) and as Keras does."""
    x, dy = torch.rand(case["batch"], case["inputs"]), torch.rand(case["batch"], case["outputs"])
    linear = torch.rand(case["outputs"], case["inputs"])
    keras = linear.t().contiguous()
    return {
        "forward": {"linear": lambda: F.linear(x, linear), "keras": lambda: x @ keras},
        "inputGradient": {"linear": lambda: dy @ linear, "keras": lambda: dy @ keras.t()},
        "kernelGradient": {"linear": lambda: dy.t() @ x, "keras": lambda: x.t() @ dy},
    }[case["part"]]


def softmax(case):
    x = torch.rand(case["batch"], case["channels"])
    if case["part"] == "forward":
        return {"eager": lambda: torch.softmax(x, 1)}
    y, dy = torch.softmax(x, 1), torch.rand_like(x)
    return {"eager": lambda: aten._softmax_backward_data(dy, y, 1, torch.float32)}


def update(case):
    def ready(**options):
        parameter = torch.nn.Parameter(torch.rand(int(case["parameters"])))
        parameter.grad = torch.rand_like(parameter)
        kind = torch.optim.SGD if case["kind"] == "sgd" else torch.optim.Adam
        return kind([parameter], lr=1e-3, **options).step

    return {"fused": ready(fused=True), "foreach": ready(foreach=True)}


OTHER_KERNELS = {"dense": dense, "softmax": softmax, "sgd": update, "adam": update}


def ways_of(case):
    if case["kind"] in OTHER_KERNELS:
        return OTHER_KERNELS[case["kind"]](case)
    make = IMAGE_KERNELS[case["kind"]]
    return {name: make(case, memory_format) for name, memory_format in FORMATS.items()}


serve({"torch": torch.__version__, "torchThreads": torch.get_num_threads(), "python": platform.python_version()}, ways_of)
