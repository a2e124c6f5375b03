"""The shapes of benches/kernels.rs in PyTorch.

Made with: python 3.11, torch==2.15.0 (CPU)
Run:       python benches/peers/kernels.py [threads] [filter]

Prints GFLOP/s of the best of several runs, the better of both memory formats,
for forward and backward; for layers bound by memory, millions of elements a
second.
"""

import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
WANTED = sys.argv[2] if len(sys.argv) > 2 else ""

CONVOLUTIONS = [
    # name, batch, channels in and out, side, kernel, stride, padding
    ("alexnet/conv1", 64, 3, 64, 224, 11, 4, 2),
    ("alexnet/conv2", 64, 64, 192, 27, 5, 1, 2),
    ("alexnet/conv3", 64, 192, 384, 13, 3, 1, 1),
    ("alexnet/conv4", 64, 384, 256, 13, 3, 1, 1),
    ("alexnet/conv5", 64, 256, 256, 13, 3, 1, 1),
    ("resnet/conv1", 32, 3, 64, 224, 7, 2, 3),
    ("resnet/1-in", 32, 256, 64, 56, 1, 1, 0),
    ("resnet/1-mid", 32, 64, 64, 56, 3, 1, 1),
    ("resnet/1-out", 32, 64, 256, 56, 1, 1, 0),
    ("resnet/2-first", 32, 256, 128, 56, 1, 1, 0),
    ("resnet/2-down", 32, 256, 512, 56, 1, 2, 0),
    ("resnet/2-stride", 32, 128, 128, 56, 3, 2, 1),
    ("resnet/2-in", 32, 512, 128, 28, 1, 1, 0),
    ("resnet/2-mid", 32, 128, 128, 28, 3, 1, 1),
    ("resnet/2-out", 32, 128, 512, 28, 1, 1, 0),
    ("resnet/3-down", 32, 512, 1024, 28, 1, 2, 0),
    ("resnet/3-stride", 32, 256, 256, 28, 3, 2, 1),
    ("resnet/3-in", 32, 1024, 256, 14, 1, 1, 0),
    ("resnet/3-mid", 32, 256, 256, 14, 3, 1, 1),
    ("resnet/3-out", 32, 256, 1024, 14, 1, 1, 0),
    ("resnet/4-down", 32, 1024, 2048, 14, 1, 2, 0),
    ("resnet/4-stride", 32, 512, 512, 14, 3, 2, 1),
    ("resnet/4-in", 32, 2048, 512, 7, 1, 1, 0),
    ("resnet/4-mid", 32, 512, 512, 7, 3, 1, 1),
    ("resnet/4-out", 32, 512, 2048, 7, 1, 1, 0),
]
BLOCKS = [
    ("cnn4/conv1", 64, 3, 32, 64),
    ("cnn4/conv2", 64, 32, 64, 32),
    ("cnn4/conv3", 64, 64, 128, 16),
    ("cnn4/conv4", 64, 128, 128, 8),
]


def best(work):
    """Seconds of the fastest of several runs, in a second or so."""
    work()
    seconds, end = [], time.perf_counter() + 1.0
    while len(seconds) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def both_passes(name, images, modules, operations, first):
    forward, backward = [], []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        x = images.contiguous(memory_format=memory_format).requires_grad_(not first)
        layer = modules().to(memory_format=memory_format)
        with torch.no_grad():
            forward.append(best(lambda: layer(x)))
        y = layer(x)
        slopes = torch.randn_like(y).contiguous(memory_format=memory_format)
        inputs = list(layer.parameters()) + ([] if first else [x])
        backward.append(best(lambda: torch.autograd.grad(y, inputs, slopes, retain_graph=True)))
    print(f"{name}/forward: {operations / min(forward) / 1e9:.1f}", flush=True)
    passes = 1 if first else 2
    print(f"{name}/backward: {passes * operations / min(backward) / 1e9:.1f}", flush=True)


for name, n, cin, cout, side, k, s, p in CONVOLUTIONS:
    if WANTED in name:
        out = (side + 2 * p - k) // s + 1
        both_passes(
            name,
            torch.randn(n, cin, side, side),
            lambda: torch.nn.Conv2d(cin, cout, k, s, p, bias=False),
            2 * n * out * out * cout * cin * k * k,
            cin == 3,
        )

for name, n, cin, cout, side in BLOCKS:
    if WANTED in name:
        both_passes(
            name,
            torch.randn(n, cin, side, side),
            lambda: torch.nn.Sequential(
                torch.nn.Conv2d(cin, cout, 3, padding=1), torch.nn.ReLU(inplace=True), torch.nn.MaxPool2d(2)
            ),
            2 * n * side * side * cout * cin * 9,
            cin == 3,
        )

for name, n, side, channels, layer in [
    ("norm/56x256", 32, 56, 256, lambda: torch.nn.Sequential(torch.nn.BatchNorm2d(256), torch.nn.ReLU(inplace=True))),
    ("norm/14x256", 32, 14, 256, lambda: torch.nn.Sequential(torch.nn.BatchNorm2d(256), torch.nn.ReLU(inplace=True))),
    ("max/112x64", 32, 112, 64, lambda: torch.nn.MaxPool2d(3, 2, 1)),
    ("max/55x64", 64, 55, 64, lambda: torch.nn.MaxPool2d(3, 2)),
]:
    if WANTED in name:
        images = torch.randn(n, channels, side, side)
        for memory_format in (torch.contiguous_format, torch.channels_last):
            x = images.contiguous(memory_format=memory_format).requires_grad_(True)
            module = layer()
            forward = best(lambda: module(x))
            y = module(x)
            slopes = torch.randn_like(y)
            inputs = [x, *module.parameters()]
            backward = best(lambda: torch.autograd.grad(y, inputs, slopes, retain_graph=True))
            label = str(memory_format).removeprefix("torch.")
            print(f"{name}/forward, {label}: {images.numel() / forward / 1e6:.0f} M elements/s")
            print(f"{name}/backward, {label}: {images.numel() / backward / 1e6:.0f} M elements/s", flush=True)
