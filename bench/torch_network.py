"""The report's network in PyTorch."""

import torch

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def build_network(sigmoid):
    layers = torch.nn
    return layers.Sequential(
        layers.Conv2d(3, 16, 3),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.Conv2d(16, 32, 3),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.Conv2d(32, 16, 3),
        layers.ReLU(),
        layers.MaxPool2d(2),
        layers.Flatten(),
        layers.Linear(14400, 256),
        layers.ReLU(),
        layers.Linear(256, 1),
        *([layers.Sigmoid()] if sigmoid else []),
    )
