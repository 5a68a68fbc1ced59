"""One training step of the report's network in PyTorch: see training-step.mjs. argv: threads.

The loss takes logits, and Adam is the fused one: both are the faster of what PyTorch has.
"""

import platform
import sys

import torch

from torch_network import FORMATS, build_network
from worker import serve

threads = int(sys.argv[1])
torch.set_num_threads(threads)
torch.manual_seed(1)


def training_step(batch, memory_format):
    model = build_network(sigmoid=False).to(memory_format=memory_format)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loss_of = torch.nn.BCEWithLogitsLoss()
    images = torch.rand(batch, 3, 256, 256).contiguous(memory_format=memory_format)
    labels = (torch.arange(batch) % 2).float()[:, None]

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(images), labels)
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


serve(
    {"torch": torch.__version__, "torchThreads": torch.get_num_threads(), "python": platform.python_version()},
    lambda case: {name: training_step(case["batch"], each) for name, each in FORMATS.items()},
)
