"""The networks of `layerprobe bench` in PyTorch, with PyTorch's initial weights."""

import math

import torch
import torch.nn.functional as F
import torchvision


class Cnn4(torch.nn.Module):
    def __init__(self, size, classes):
        super().__init__()
        channels = [3, 32, 64, 128, 128]
        self.convs = torch.nn.ModuleList(
            torch.nn.Conv2d(channels[i], channels[i + 1], 3, padding=1) for i in range(4)
        )
        self.fc1 = torch.nn.Linear(128 * (size // 16) ** 2, 128)
        self.fc2 = torch.nn.Linear(128, classes)

    def forward(self, x):
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def alexnet(classes):
    """With the paper's narrowed fully connected layers."""
    network = torchvision.models.alexnet(num_classes=classes)
    width = math.ceil(4096 * classes / 1000)
    network.classifier[1] = torch.nn.Linear(9216, width)
    network.classifier[4] = torch.nn.Linear(width, width)
    network.classifier[6] = torch.nn.Linear(width, classes)
    return network


def network(arch, size, classes):
    return {
        "cnn4": lambda: Cnn4(size, classes),
        "alexnet": lambda: alexnet(classes),
        "resnet18": lambda: torchvision.models.resnet18(num_classes=classes),
        "resnet50": lambda: torchvision.models.resnet50(num_classes=classes),
    }[arch]()
