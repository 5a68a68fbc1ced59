"""Predictions of the report's network by ONNX Runtime: see inference.mjs. argv: threads."""

import platform
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from worker import serve

threads = int(sys.argv[1])


def build_network():
    """The graph by hand; weights at random, biases zero. NCHW, as the format has it."""
    nodes, weights = [], []

    def weight(name, *shape):
        values = numpy.random.standard_normal(shape) * (2 / numpy.prod(shape[1:])) ** 0.5
        weights.append(numpy_helper.from_array(values.astype("float32"), f"{name}_weight"))
        weights.append(numpy_helper.from_array(numpy.zeros(shape[0], "float32"), f"{name}_bias"))
        return [f"{name}_weight", f"{name}_bias"]

    def add(operation, inputs, output, **attributes):
        nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    x = "images"
    for index, (inputs, outputs) in enumerate([(3, 16), (16, 32), (32, 16)]):
        x = add("Conv", [x, *weight(f"conv{index}", outputs, inputs, 3, 3)], f"conv{index}", kernel_shape=[3, 3])
        x = add("Relu", [x], f"relu{index}")
        x = add("MaxPool", [x], f"pool{index}", kernel_shape=[2, 2], strides=[2, 2])
    x = add("Flatten", [x], "flat")
    x = add("Gemm", [x, *weight("dense", 256, 14400)], "dense", transB=1)
    x = add("Relu", [x], "dense_relu")
    x = add("Gemm", [x, *weight("last", 1, 256)], "last", transB=1)
    add("Sigmoid", [x], "predictions")
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 256, 256])
    predictions = helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["batch", 1])
    graph = helper.make_graph(nodes, "report", [images], [predictions], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(
    build_network().SerializeToString(), options, providers=["CPUExecutionProvider"]
)


def ways_of(case):
    images = numpy.random.rand(case["batch"], 3, 256, 256).astype("float32")
    return {"run": lambda: session.run(None, {"images": images})}


serve(
    {
        "onnxruntime": onnxruntime.__version__,
        "onnx": onnx.__version__,
        "onnxThreads": threads,
        "python": platform.python_version(),
    },
    ways_of,
)
