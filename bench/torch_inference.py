"""Predictions of the report's network by PyTorch, eager and frozen: see inference.mjs. argv: threads."""

import platform
import sys

import torch

from torch_network import FORMATS, build_network
from worker import serve

torch.set_num_threads(int(sys.argv[1]))


def ways_of(case):
    ways = {}
    for name, memory_format in FORMATS.items():
        model = build_network(sigmoid=True).eval().to(memory_format=memory_format)
        images = torch.rand(case["batch"], 3, 256, 256).contiguous(memory_format=memory_format)
        with torch.inference_mode():
            frozen = torch.jit.optimize_for_inference(torch.jit.trace(model, images))
        ways[f"eager, {name}"] = (model, images)
        ways[f"frozen, {name}"] = (frozen, images)
    return {name: predict(*way) for name, way in ways.items()}


def predict(model, images):
    def run():
        with torch.inference_mode():
            return model(images).numpy()

    return run


serve(
    {"torch": torch.__version__, "torchThreads": torch.get_num_threads(), "python": platform.python_version()},
    ways_of,
)
