"""Golden numbers of probes trained by Adam.

Made with: python 3.11, torch==2.15.0 (CPU), numpy==2.4.6
Run:       python tests/golden/probes_adam.py > tests/golden/probes_adam.json

`linear`: torch.nn.Linear(5, 3), one a learning rate and weight decay, and
`mlp`: Linear(5, 4), LeakyReLU(0.01), Linear(4, 3), from the same numbers as in
the test; 12 steps of torch.optim.Adam on mean cross-entropy, batches of 8, 8
and 4 of 20 stimuli in turn. Stored: the mean cross-entropy of each batch
before its step, and the weights after the last, outputs x inputs, then biases.
"""

import json

import torch
from torch.nn import LeakyReLU, Linear, Sequential
from torch.nn.functional import cross_entropy

from samples import numbers

STIMULI, DIMS, HIDDEN, CLASSES, STEPS = 20, 5, 4, 3, 12
SETTINGS = [(1e-3, 0.0), (0.1, 0.0), (0.1, 0.1), (1.0, 1e-3)]


def single(values):
    return torch.tensor(values, dtype=torch.float32)


X = single(numbers(STIMULI * DIMS, 1, 2.0)).reshape(STIMULI, DIMS)
Y = torch.arange(STIMULI) * 7 % CLASSES


def start(linear, seed):
    with torch.no_grad():
        linear.weight.copy_(single(numbers(linear.weight.numel(), seed, 0.5)).reshape(linear.weight.shape))
        linear.bias.copy_(single(numbers(linear.bias.numel(), seed + 1, 0.5)))
    return linear


def train(model, rate, decay):
    adam = torch.optim.Adam(model.parameters(), lr=rate, weight_decay=decay)
    losses = []
    batches = [slice(0, 8), slice(8, 16), slice(16, 20)]
    for step in range(STEPS):
        rows = batches[step % 3]
        adam.zero_grad()
        loss = cross_entropy(model(X[rows]), Y[rows])
        loss.backward()
        adam.step()
        losses.append(loss.item())
    weights = [p.detach().double().flatten().tolist() for p in model.parameters()]
    return dict(rate=rate, decay=decay, losses=losses, weights=weights)


def mlp():
    return Sequential(start(Linear(DIMS, HIDDEN), 20), LeakyReLU(0.01), start(Linear(HIDDEN, CLASSES), 30))


print(
    json.dumps(
        dict(
            linear=[train(start(Linear(DIMS, CLASSES), 10), *setting) for setting in SETTINGS],
            mlp=[train(mlp(), *setting) for setting in SETTINGS[:3]],
        ),
        separators=(",", ":"),
    )
)
