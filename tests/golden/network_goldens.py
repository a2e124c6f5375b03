"""Golden numbers of whole networks: torchvision's with weights both sides compute.

Made with: python 3.11, torch==2.15.0 (CPU), torchvision==0.29.2, numpy==2.4.6
Run:       python tests/golden/network_goldens.py [NAME ...]   (writes network_NAME.json beside it)

Every tensor is filled by `numbers`, its seed the place of its name among all
names in order. Computed in double precision, but for the losses of training.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision

from samples import numbers, sample

HERE = Path(__file__).parent
torch.set_num_threads(2)
CLASSES, BATCHES, STEPS = 7, 4, 20
SAMPLED = 8


def mlp(inputs, widths=(256, 128, 64, 64), slope=0.01):
    network = torch.nn.Sequential()
    network.add_module("flatten", torch.nn.Flatten())
    for i, width in enumerate(widths):
        network.add_module(f"fc{i + 1}", torch.nn.Linear(inputs, width))
        network.add_module(f"relu{i + 1}", torch.nn.LeakyReLU(slope))
        inputs = width
    network.add_module(f"fc{len(widths) + 1}", torch.nn.Linear(inputs, CLASSES))
    return network


def alexnet():
    network = torchvision.models.alexnet(num_classes=CLASSES, dropout=0.0)
    width = -(-4096 * CLASSES // 1000)
    network.classifier[1] = torch.nn.Linear(9216, width)
    network.classifier[4] = torch.nn.Linear(width, width)
    network.classifier[6] = torch.nn.Linear(width, CLASSES)
    return network


# what to build, its images, and the modules whose outputs are layers: ours, theirs
BLOCKS18 = [f"layer{i}.{j}" for i in range(1, 5) for j in range(2)]
BLOCKS50 = [f"layer{i + 1}.{j}" for i, n in enumerate([3, 4, 6, 3]) for j in range(n)]
ENDS = {"relu": "relu", "maxpool": "maxpool", "pre_pool": "layer4", "post_pool": "avgpool", "fc": "fc"}
NETWORKS = {
    "mlp": (
        lambda: mlp(3 * 6 * 6),
        6,
        8,
        {f"fc{i}": f"relu{i}" for i in range(1, 5)} | {"fc5": "fc5"},
    ),
    "alexnet": (
        alexnet,
        67,
        4,
        {f"features.{i}": f"features.{i}" for i in (1, 2, 4, 5, 7, 9, 11, 12)}
        | {"pool3": "features.12", "avgpool": "avgpool", "fc6": "classifier.2", "fc7": "classifier.5"}
        | {"fc8": "classifier.6"},
    ),
    "resnet18": (
        lambda: torchvision.models.resnet18(num_classes=CLASSES),
        64,
        8,
        {name: name for name in BLOCKS18} | ENDS,
    ),
    "resnet50": (
        lambda: torchvision.models.resnet50(num_classes=CLASSES),
        64,
        4,
        {name: name for name in BLOCKS50} | ENDS,
    ),
}


def fill(network):
    """Each block's last batch norm is scaled down, as early in training: rounding
    errors of single precision would otherwise grow from block to block. Shifts
    lie away from 0, so that rounding seldom turns a ReLU on or off, by which
    gradients would jump."""
    state = network.state_dict()
    last_norm = "bn3.weight" if "layer1.0.bn3.weight" in state else "bn2.weight"
    for seed, name in enumerate(sorted(n for n in state if not n.endswith("num_batches_tracked"))):
        tensor = state[name]
        values = numbers(tensor.numel(), 100 + seed, 1.0)
        if tensor.dim() > 1:
            values *= np.sqrt(3.0 / tensor[0].numel())
        elif name.endswith("running_var") or (name.endswith("weight") and tensor.dim() == 1):
            values = 1.0 + 0.5 * values
        elif name.removesuffix("bias") + "running_mean" in state:
            values = 2.5 * np.sign(values) + 0.5 * values
        else:
            values *= 0.1
        if name.endswith(last_norm):
            values *= 0.3
        # as single precision holds them
        single = torch.tensor(values, dtype=torch.float32).reshape(tensor.shape)
        tensor.copy_(single)


def images(size, n, batch):
    values = numbers(n * 3 * size * size, 900 + batch, 2.0)
    return torch.tensor(values, dtype=torch.float32).reshape(n, 3, size, size)


def labels(n, batch):
    return torch.tensor([(3 * i + batch) % CLASSES for i in range(n)])


def losses(network, size, n, dtype):
    network = network.to(dtype).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-6, weight_decay=1e-4)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        batch = step % BATCHES
        loss = F.cross_entropy(network(images(size, n, batch).to(dtype)), labels(n, batch))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def golden(name):
    make, size, n, layers = NETWORKS[name]
    network = make()
    fill(network)
    start = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network = network.double().eval()
    read = {}

    def note(layer):
        def hook(_module, _input, output):
            # a ReLU inside a block may be run several times: the first is the stem's
            read.setdefault(layer, output.detach().flatten(1).clone())

        return hook

    modules = dict(network.named_modules())
    for ours, theirs in layers.items():
        modules[theirs].register_forward_hook(note(ours))
    with torch.no_grad():
        network(images(size, n, 0).double())
    network.train()
    loss = F.cross_entropy(network(images(size, n, 0).double()), labels(n, 0))
    loss.backward()
    out = {
        "size": size,
        "classes": CLASSES,
        "batch": n,
        "labels": [labels(n, b).tolist() for b in range(BATCHES)],
        "shapes": {k: list(v.shape) for k, v in start.items() if not k.endswith("num_batches_tracked")},
        "layers": {layer: sample(values, SAMPLED) for layer, values in read.items()},
        "loss": loss.item(),
        "gradients": {k: sample(p.grad, SAMPLED) for k, p in network.named_parameters()},
        "statistics": {k: sample(v, SAMPLED) for k, v in network.state_dict().items() if "running" in k},
    }
    again = make()
    again.load_state_dict(start)
    F.cross_entropy(again.train()(images(size, n, 0)), labels(n, 0)).backward()
    exact = dict(network.named_parameters())
    off = max(
        ((p.grad.double() - exact[k].grad).abs().max() / exact[k].grad.abs().max()).item()
        for k, p in again.named_parameters()
    )
    print(name, "gradients in single precision off by", off)
    for dtype in (torch.float64, torch.float32):
        again = make()
        again.load_state_dict(start)
        found = losses(again, size, n, dtype)
        if dtype == torch.float64:
            out["losses"] = found
        off = max(abs(a - b) / b for a, b in zip(found, out["losses"]))
        print(name, dtype, "losses off by", off, found[0], found[-1])
    return out


def rounded(content):
    if isinstance(content, float):
        return float(f"{content:.9g}")
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [rounded(value) for value in content]
    return content


for name in sys.argv[1:] or NETWORKS:
    text = json.dumps(rounded(golden(name)), separators=(",", ":"))
    (HERE / f"network_{name}.json").write_text(text + "\n")
