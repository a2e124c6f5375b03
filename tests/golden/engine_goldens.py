"""Golden numbers of the training engine.

Made with: python 3.11, torch==2.15.0 (CPU), numpy==2.4.6
Run:       python tests/golden/engine_goldens.py   (writes engine_*.json beside it)

Inputs and weights come from `numbers`, which the Rust tests compute too, so
that only results are stored. Long results are stored as a sample: every
`stride`-th number, the sum and the sum of squares.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from samples import numbers, sample

HERE = Path(__file__).parent
torch.set_num_threads(1)


def whole(n, seed, low, high):
    """n whole numbers from low to high: many ties."""
    return np.floor((numbers(n, seed, 1.0) + 1.0) / 2.0 * (high - low + 1)) + low


def tensor(values, shape, dtype=torch.float64, grad=True):
    return torch.tensor(values.reshape(shape), dtype=dtype).requires_grad_(grad)


def conv_block():
    cases = []
    shapes = [
        # n, in, out, height, width, kernel, stride, padding, ties
        (2, 3, 32, 8, 8, 3, 1, 1, False),
        (2, 3, 5, 8, 6, 3, 1, 1, False),
        (5, 4, 33, 13, 11, 5, 2, 2, False),
        (2, 2, 3, 7, 7, 3, 1, 0, False),
        (1, 40, 64, 8, 8, 3, 1, 1, False),
        (3, 2, 4, 8, 8, 3, 1, 1, True),
        (2, 1, 3, 6, 6, 1, 1, 0, True),
    ]
    for n, cin, cout, h, w, k, s, p, ties in shapes:
        if ties:
            make = lambda count, seed: whole(count, seed, -1, 1)
        else:
            make = lambda count, seed: numbers(count, seed, 1.0)
        x = tensor(make(n * cin * h * w, 1), (n, cin, h, w))
        weight = tensor(make(cout * cin * k * k, 2), (cout, cin, k, k))
        bias = tensor(make(cout, 3), (cout,))
        y = F.max_pool2d(F.relu(F.conv2d(x, weight, bias, stride=s, padding=p)), 2)
        y.backward(tensor(numbers(y.numel(), 4, 1.0), y.shape, grad=False))
        cases.append(
            {
                "shape": [n, cin, cout, h, w, k, s, p],
                "ties": ties,
                "out_shape": list(y.shape),
                "output": sample(y),
                "images": sample(x.grad),
                "weight": sample(weight.grad),
                "bias": sample(bias.grad),
            }
        )
    return cases


def linear_and_loss():
    x = tensor(numbers(6 * 10, 1, 1.0), (6, 10))
    weight = tensor(numbers(4 * 10, 2, 1.0), (4, 10))
    bias = tensor(numbers(4, 3, 1.0), (4,))
    labels = [0, 3, 1, 1, 2, 0]
    hidden = F.relu(F.linear(x, weight, bias))
    loss = F.cross_entropy(hidden * 30.0, torch.tensor(labels))
    loss.backward()
    return {
        "labels": labels,
        "scale": 30.0,
        "hidden": sample(hidden),
        "loss": loss.item(),
        "x": sample(x.grad),
        "weight": sample(weight.grad),
        "bias": sample(bias.grad),
    }


class Cnn4(torch.nn.Module):
    def __init__(self, size, classes):
        super().__init__()
        channels = [3, 32, 64, 128, 128]
        for i in range(4):
            setattr(self, f"conv{i + 1}", torch.nn.Conv2d(channels[i], channels[i + 1], 3, padding=1))
        self.fc1 = torch.nn.Linear(128 * (size // 16) ** 2, 128)
        self.fc2 = torch.nn.Linear(128, classes)
        with torch.no_grad():
            for seed, (name, parameter) in enumerate(self.named_parameters()):
                own = self.get_submodule(name.rsplit(".", 1)[0]).weight
                bound = 1.0 / np.sqrt(own[0].numel())
                values = numbers(parameter.numel(), 100 + seed, bound)
                parameter.copy_(torch.tensor(values, dtype=torch.float32).reshape(parameter.shape))

    def forward(self, x):
        read = {}
        for i in range(1, 5):
            x = read[f"pool{i}"] = F.max_pool2d(F.relu(getattr(self, f"conv{i}")(x)), 2)
        x = read["fc1"] = F.relu(self.fc1(x.flatten(1)))
        read["fc2"] = self.fc2(x)
        return read


def cnn4():
    size, classes, n, batches = 32, 5, 6, 4
    images = [
        torch.tensor(numbers(n * 3 * size * size, 200 + b, 2.0), dtype=torch.float32).reshape(n, 3, size, size)
        for b in range(batches)
    ]
    labels = [[(3 * i + b) % classes for i in range(n)] for b in range(batches)]
    network = Cnn4(size, classes)
    read = network(images[0])
    loss = F.cross_entropy(read["fc2"], torch.tensor(labels[0]))
    loss.backward()
    out = {
        "size": size,
        "classes": classes,
        "batch": n,
        "labels": labels,
        "layers": {name: sample(values) for name, values in read.items()},
        "loss": loss.item(),
        "gradients": {name: sample(p.grad) for name, p in network.named_parameters()},
        "shapes": {name: list(p.shape) for name, p in network.named_parameters()},
    }
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)
    losses = []
    for step in range(20):
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images[step % batches])["fc2"], torch.tensor(labels[step % batches]))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    out["losses"] = losses
    return out

def layers():
    """Convolutions, pools and batch norm, with all their gradients."""
    conv = []
    shapes = [
        # n, in, out, height, width, kernel, stride, padding, dilation, groups, slope
        (2, 3, 64, 23, 19, 11, 4, 2, 1, 1, 0.0),
        (2, 3, 20, 17, 18, 7, 2, 3, 1, 1, None),
        (3, 70, 40, 7, 7, 1, 1, 0, 1, 1, None),
        (2, 33, 34, 9, 8, 1, 2, 0, 1, 1, 0.0),
        (2, 40, 48, 13, 13, 3, 1, 1, 1, 1, 0.0),
        (2, 32, 32, 14, 12, 3, 2, 1, 1, 1, 0.0),
        (2, 12, 8, 12, 11, 3, 1, 2, 2, 4, 0.2),
        (2, 6, 6, 10, 10, 5, 3, 3, 2, 6, None),
        (1, 16, 16, 28, 28, 3, 1, 1, 1, 1, None),
    ]
    for n, cin, cout, h, w, k, s, p, d, g, slope in shapes:
        x = tensor(numbers(n * cin * h * w, 1, 1.0), (n, cin, h, w))
        weight = tensor(numbers(cout * cin // g * k * k, 2, 1.0), (cout, cin // g, k, k))
        bias = tensor(numbers(cout, 3, 1.0), (cout,))
        y = F.conv2d(x, weight, bias, stride=s, padding=p, dilation=d, groups=g)
        if slope is not None:
            y = F.leaky_relu(y, slope)
        y.backward(tensor(numbers(y.numel(), 4, 1.0), y.shape, grad=False))
        conv.append(
            {
                "shape": [n, cin, cout, h, w, k, s, p, d, g],
                "slope": slope,
                "out_shape": list(y.shape),
                "output": sample(y),
                "images": sample(x.grad),
                "weight": sample(weight.grad),
                "bias": sample(bias.grad),
            }
        )
    pool = []
    for kind, window, stride, padding, ties in [
        ("max", 3, 2, 0, False),
        ("max", 3, 2, 1, False),
        ("max", 3, 2, 1, True),
        ("max", 2, 2, 0, True),
        ("max", 4, 1, 2, True),
        ("average", 3, 2, 1, False),
        ("average", 2, 2, 0, False),
        ("adaptive", 6, 0, 0, False),
        ("adaptive", 1, 0, 0, False),
    ]:
        shape = (2, 5, 13, 10)
        make = (lambda c, seed: whole(c, seed, -1, 1)) if ties else (lambda c, seed: numbers(c, seed, 1.0))
        x = tensor(make(int(np.prod(shape)), 1), shape)
        if kind == "max":
            y = F.max_pool2d(x, window, stride, padding)
        elif kind == "average":
            y = F.avg_pool2d(x, window, stride, padding)
        else:
            y = F.adaptive_avg_pool2d(x, window)
        y.backward(tensor(numbers(y.numel(), 4, 1.0), y.shape, grad=False))
        pool.append(
            {
                "kind": kind,
                "spec": [window, stride, padding],
                "shape": list(shape),
                "ties": ties,
                "output": sample(y),
                "gradient": sample(x.grad),
            }
        )
    norm = []
    for shape, slope, residual in [((4, 6, 5, 7), None, False), ((3, 40, 8, 8), 0.0, True), ((8, 5, 1, 1), 0.1, False)]:
        count, c = int(np.prod(shape)), shape[1]
        x = tensor(numbers(count, 1, 2.0) + 0.5, shape)
        scale, shift = tensor(numbers(c, 2, 1.0), (c,)), tensor(numbers(c, 3, 1.0), (c,))
        added = tensor(numbers(count, 5, 1.0), shape)
        mean, variance = torch.zeros(c, dtype=torch.float64), torch.ones(c, dtype=torch.float64)
        y = F.batch_norm(x, mean, variance, scale, shift, training=True, momentum=0.1, eps=1e-5)
        if residual:
            y = y + added
        if slope is not None:
            y = F.leaky_relu(y, slope)
        y.backward(tensor(numbers(y.numel(), 4, 1.0), y.shape, grad=False))
        norm.append(
            {
                "shape": list(shape),
                "slope": slope,
                "residual": sample(added.grad) if residual else None,
                "output": sample(y),
                "images": sample(x.grad),
                "scale": sample(scale.grad),
                "shift": sample(shift.grad),
                "mean": mean.tolist(),
                "variance": variance.tolist(),
            }
        )
    return {"conv": conv, "pool": pool, "norm": norm}


def write(name, content):
    (HERE / name).write_text(json.dumps(content, separators=(",", ":")) + "\n")


write("engine_conv_block.json", conv_block())
write("engine_linear_loss.json", linear_and_loss())
write("engine_layers.json", layers())
write("engine_cnn4.json", cnn4())
