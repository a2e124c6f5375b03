"""Milliseconds of a step of full-batch gradient descent on the paper's network
for binary features, in PyTorch: 32 bits; 256, 128, 64 and 64 leaky ReLU units;
one sigmoid output; 256 examples; one thread.

`python benches/peers/perceptron.py [ROUNDS]`; layerprobe's is
`cargo bench --bench perceptron`. Three ways to write the step: the usual loop,
the usual loop compiled away from the optimizer (`foreach` off), and gradients by
hand with products into buffers that are made once.
"""

import sys
import time

import torch

EXAMPLES, RATE, SLOPE = 256, 1e-3, 0.01
WIDTHS = [32, 256, 128, 64, 64, 1]


def network():
    layers = []
    for inputs, outputs in zip(WIDTHS, WIDTHS[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.LeakyReLU(SLOPE)]
    return torch.nn.Sequential(*layers[:-1])


def usual(x, y, **options):
    net = network()
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE, **options)
    criterion = torch.nn.BCEWithLogitsLoss()

    def step():
        optimizer.zero_grad()
        criterion(net(x), y).backward()
        optimizer.step()

    return step


def by_hand(x, y):
    weights = [torch.randn(o, i) * i**-0.5 for i, o in zip(WIDTHS, WIDTHS[1:])]
    biases = [torch.zeros(o) for o in WIDTHS[1:]]
    sums = [torch.empty(EXAMPLES, o) for o in WIDTHS[1:]]
    slopes = [torch.empty(EXAMPLES, o) for o in WIDTHS[1:]]

    @torch.no_grad()
    def step():
        outputs = [x]
        for w, b, z in zip(weights, biases, sums):
            torch.addmm(b, outputs[-1], w.t(), out=z)
            outputs.append(torch.nn.functional.leaky_relu(z, SLOPE))
        torch.sub(torch.sigmoid(sums[-1]), y, out=slopes[-1])
        slopes[-1] /= EXAMPLES
        for layer in reversed(range(len(weights))):
            d = slopes[layer]
            if layer > 0:
                torch.mm(d, weights[layer], out=slopes[layer - 1])
                slopes[layer - 1] *= torch.where(sums[layer - 1] > 0, 1.0, SLOPE)
            weights[layer].addmm_(d.t(), outputs[layer], alpha=-RATE)
            biases[layer].sub_(d.sum(0), alpha=RATE)

    return step


def main():
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    torch.manual_seed(0)
    x = torch.randint(0, 2, (EXAMPLES, WIDTHS[0])).float()
    y = torch.randint(0, 2, (EXAMPLES, 1)).float()
    ways = {
        "usual loop": usual(x, y),
        "usual loop, foreach off": usual(x, y, foreach=False),
        "by hand": by_hand(x, y),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, step in ways.items():
            start = time.process_time()
            for _ in range(100):
                step()
            best[name] = min(best[name], (time.process_time() - start) * 10)
    for name, milliseconds in best.items():
        print(f"{name:24} {milliseconds:.3f} ms of processor time")


main()
