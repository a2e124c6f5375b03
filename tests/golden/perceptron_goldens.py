"""Golden numbers of full-batch gradient descent on a multilayer perceptron.

Made with: python 3.11, torch==2.15.0 (CPU), numpy==2.4.6
Run:       python tests/golden/perceptron_goldens.py   (writes perceptron.json beside it)

The network of Hermann & Lampinen 2020 (32 bits; 256, 128, 64 and 64 leaky ReLU
units) on 256 examples, and one of odd widths, from the same parameters and bits in
both languages: losses and parameters after some steps of plain gradient descent.
At a high rate rounding grows from step to step, so that long trainings are in
double precision.
"""

import json
from pathlib import Path

import torch

from samples import numbers, sample

HERE = Path(__file__).parent
torch.use_deterministic_algorithms(True)


def network(widths, slope, dtype):
    layers = []
    for number, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layer = torch.nn.Linear(inputs, outputs, dtype=dtype)
        bound = inputs**-0.5
        weight = numbers(inputs * outputs, 10 + 2 * number, bound)
        bias = numbers(outputs, 11 + 2 * number, bound)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(weight).view(outputs, inputs))
            layer.bias.copy_(torch.tensor(bias))
        layers += [layer, torch.nn.LeakyReLU(slope)]
    return torch.nn.Sequential(*layers[:-1])


def bits(n, seed, dtype):
    return torch.tensor((numbers(n, seed, 1.0) > 0).astype(float), dtype=dtype)


def descend(widths, slope, examples, rate, kept, dtype):
    net = network(widths, slope, dtype)
    outputs = widths[-1]
    x = bits(examples * widths[0], 1, dtype).view(examples, widths[0])
    # the second target is the XOR of two bits
    targets = torch.stack([x[:, 0], (x[:, 1] - x[:, 2]).abs()], 1)[:, 2 - outputs :]
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    losses, after = [], {}
    for step in range(1, max(kept) + 1):
        logits = net(x)
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        loss = each.sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        if step <= 20 or step % 20 == 0:
            losses.append(loss.item())
        optimizer.step()
        if step in kept:
            after[step] = [sample(p, 24) for p in net.parameters()]
    return {
        "widths": widths,
        "slope": slope,
        "examples": examples,
        "rate": rate,
        "losses": losses,
        "after": [{"step": step, "parameters": p} for step, p in after.items()],
    }


def main():
    torch.set_num_threads(1)
    paper = [32, 256, 128, 64, 64]
    out = {
        "single": [
            descend([*paper, 1], 0.01, 256, 0.001, {20, 1000}, torch.float32),
            descend([*paper, 2], 0.2, 256, 0.1, {20}, torch.float32),
        ],
        "double": [
            descend([5, 7, 33, 2], 0.1, 11, 0.5, {1, 20}, torch.float64),
            descend([*paper, 2], 0.2, 256, 0.1, {20, 60}, torch.float64),
        ],
    }
    (HERE / "perceptron.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


main()
