"""Classifiers in PyTorch that onnx_import.* and the fixtures in tests/fixtures/onnx/torch are made of."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Plain(nn.Sequential):
    """Flattens images, so that the rows of the dense kernel lie in another order here."""

    def __init__(self, side, width=8, classes=5):
        super().__init__(
            nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, width + 3, 3), nn.BatchNorm2d(width + 3), nn.LeakyReLU(0.1), nn.AvgPool2d(2),
            nn.Flatten(), nn.Dropout(0.5),
            nn.Linear((width + 3) * ((side // 2 - 2) // 2) ** 2, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, classes),
        )


class Block(nn.Module):
    def __init__(self, before, behind, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, behind, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(behind)
        self.conv2 = nn.Conv2d(behind, behind, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(behind)
        self.downsample = None
        if stride != 1 or before != behind:
            self.downsample = nn.Sequential(nn.Conv2d(before, behind, 1, stride, bias=False), nn.BatchNorm2d(behind))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Residual(nn.Module):
    """A small ResNet: the pool behind its first convolution has a pixel around on all sides."""

    def __init__(self, width=8, classes=5):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(width, width, 1), Block(width, width, 1))
        self.layer2 = nn.Sequential(Block(width, 2 * width, 2), Block(2 * width, 2 * width, 1))
        self.fc = nn.Linear(2 * width, classes)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        x = F.adaptive_avg_pool2d(x, 1)
        return torch.softmax(self.fc(torch.flatten(x, 1)), 1)


class Inverted(nn.Module):
    def __init__(self, before, behind, stride, expand):
        super().__init__()
        hidden = before * expand
        self.adds = stride == 1 and before == behind
        self.conv = nn.Sequential(
            nn.Conv2d(before, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(),
            nn.Conv2d(hidden, behind, 1, bias=False), nn.BatchNorm2d(behind),
        )

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class Mobile(nn.Module):
    """A small MobileNetV2."""

    def __init__(self, classes=5):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
            Inverted(8, 8, 1, 2), Inverted(8, 12, 2, 3), Inverted(12, 12, 1, 3),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


class Branches(nn.Module):
    """Joins channels, as GoogLeNet and SqueezeNet do; its last convolution makes the classes."""

    def __init__(self, classes=5):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2)
        self.one = nn.Conv2d(8, 4, 1)
        self.three = nn.Conv2d(8, 6, 3, padding=1)
        self.five = nn.Conv2d(8, 3, (1, 5), padding=(0, 2))
        self.last = nn.Conv2d(13, classes, 1)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 2, ceil_mode=True)
        x = torch.cat([F.relu(self.one(x)), F.silu(self.three(x)), torch.sigmoid(self.five(x))], 1)
        x = F.adaptive_avg_pool2d(F.relu(self.last(x)), (1, 1))
        return F.softmax(x.view(x.size(0), -1), dim=1)


class Odd(nn.Module):
    """Odd windows, pads and arithmetic."""

    def __init__(self, classes=5):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.a = nn.Conv2d(3, 6, (5, 3), (2, 1), (1, 2))
        self.b = nn.Conv2d(6, 12, 3, padding=1, groups=6)
        self.c = nn.Conv2d(12, 7, 2, bias=False)
        self.scale = nn.Parameter(torch.rand(7, 1, 1) + 0.5)
        self.shift = nn.Parameter(torch.rand(7, 1, 1))
        self.d = nn.Linear(7, 9)
        self.e = nn.Linear(9, classes)

    def forward(self, x):
        x = (x - self.mean) / self.std
        x = F.max_pool2d(self.a(x), 3, 2, 1)  # of values below zero too
        x = F.elu(self.b(F.pad(x, (1, 0, 2, 1))))
        x = F.avg_pool2d(x, 3, 2, 1)
        x = self.c(x) * self.scale + self.shift
        x = F.hardsigmoid(x) * 2 - 0.25
        x = x.permute(0, 2, 3, 1)
        x = F.gelu(self.d(x))
        x = x.mean((1, 2))
        return self.e(F.mish(x) / 2 + 1)


class Excited(nn.Module):
    """Squeeze and excitation, and MobileNetV3's activation."""

    def __init__(self, classes=5):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, 2, 1)
        self.fc1 = nn.Conv2d(8, 4, 1)
        self.fc2 = nn.Conv2d(4, 8, 1)
        self.b = nn.Conv2d(8, 8, 3, padding=2, dilation=2)
        self.c = nn.Linear(8, classes)

    def forward(self, x):
        x = F.hardswish(self.a(x))
        gate = F.hardsigmoid(self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1)))))
        x = F.hardswish(self.b(x * gate))
        return torch.softmax(self.c(x.mean([2, 3])), -1)


class Pieces(nn.Module):
    """Channels that are taken apart, limits and slopes."""

    def __init__(self, classes=5):
        super().__init__()
        self.a = nn.Conv2d(3, 9, 3, 2)
        self.slopes = nn.PReLU(9)
        self.b = nn.Conv2d(3, 3, 3, padding=1, groups=3)
        self.c = nn.Conv2d(6, 6, 3, padding=(1, 0), groups=2)
        self.d = nn.Linear(9, classes)

    def forward(self, x):
        x = self.slopes(self.a(x)) - 0.1
        one, two, three = x.chunk(3, 1)
        one = torch.maximum(torch.clamp(self.b(one), -0.2, 0.4), two)
        rest = self.c(torch.cat([x[:, :3], three], 1))
        rest = F.interpolate(torch.clamp(rest, min=0.05), scale_factor=2, mode="nearest")
        x = torch.cat([F.adaptive_max_pool2d(one, 1), F.adaptive_avg_pool2d(rest, 1)], 1)
        return F.softmax(self.d(x.flatten(1)), 1)


def networks(side, width=8):
    """By name, with weights and statistics that differ from what they are made with."""
    torch.manual_seed(0)
    made = {
        "plain": Plain(side, width), "residual": Residual(width), "mobile": Mobile(), "branches": Branches(), "odd": Odd(),
        "excited": Excited(), "pieces": Pieces(),
    }
    for seed, network in enumerate(made.values()):
        torch.manual_seed(seed + 1)
        for module in network.modules():
            if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.3, 0.3)
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
        network.eval()
    return made


def export(network, path, side, opset, fixed=False, new=False, fold=True):
    """With PyTorch's first exporter, or with its new one."""
    example = torch.rand(1, 3, side, side)
    names = {"input_names": ["images"], "output_names": ["scores"]}
    if new:
        torch.onnx.export(network, (example,), path, opset_version=opset, dynamo=True, external_data=False, verbose=False, **names)
        return
    open_batch = None if fixed else {"images": {0: "batch"}, "scores": {0: "batch"}}
    torch.onnx.export(
        network, (example,), path, opset_version=opset, dynamo=False, dynamic_axes=open_batch, do_constant_folding=fold, **names
    )
