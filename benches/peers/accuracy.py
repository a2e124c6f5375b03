"""Does cnn4, trained here, end where the same network in PyTorch ends?

Both train on the very stimuli of the preset `quick`, over several seeds of
initial weights and order of batches: ours with `layerprobe run`, PyTorch on the
files of `layerprobe render`, with its own default initialization, the same
normalization, Adam with coupled L2, batches and epochs, all read from the
preset. Compared is the validation accuracy after epochs; a difference of means
comes with the exact permutation test over seeds.

Run by `benches/peers/run accuracy`. What a run has finished stays in --out, and
the same command goes on from there.
"""

import argparse
import csv
import itertools
import math
import statistics
import tomllib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import networks
import stimuli

parser = argparse.ArgumentParser(prog="benches/peers/run accuracy", description=__doc__)
parser.add_argument("--targets", default="shape,texture", help="features to train on [shape,texture]")
parser.add_argument("--seeds", type=int, default=5, help="runs of each [5]")
parser.add_argument("--first", type=int, default=1, help="the first seed [1]")
parser.add_argument("--epochs", type=int, help="[the preset's]")
parser.add_argument("--threads", type=int, default=2, help="threads of both [2]")
parser.add_argument("--out", type=Path, default=Path("target/peers/accuracy"), help="[target/peers/accuracy]")
parser.add_argument("program", help="the layerprobe program, built for release")
arguments = parser.parse_args()
targets = arguments.targets.split(",")
torch.set_num_threads(arguments.threads)


preset = tomllib.loads(stimuli.layerprobe(arguments.program, "config", "show", "quick"))
epochs = arguments.epochs or preset["training"]["epochs"]


def pytorch(images, part, seed):
    """Validation accuracy after each epoch."""
    classes, train, train_classes, validation, validation_classes = part
    training = preset["training"]
    seen = stimuli.normalized(images, train)
    torch.manual_seed(seed)
    network = networks.network("cnn4", images.shape[-1], classes).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(
        network.parameters(), lr=training["learning_rate"], weight_decay=training["weight_decay"]
    )
    accuracies = []
    for _ in range(epochs):
        network.train()
        order = torch.randperm(len(train))
        for rows in order.split(training["batch_size"]):
            optimizer.zero_grad()
            F.cross_entropy(network(seen(train[rows])), train_classes[rows]).backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            right = sum(
                (network(seen(validation[rows])).argmax(1) == validation_classes[rows]).sum().item()
                for rows in torch.arange(len(validation)).split(256)
            )
        accuracies.append(right / len(validation))
    return accuracies


def ours(seed):
    """For each target, validation accuracy after each epoch."""
    folder = arguments.out / f"layerprobe-{epochs}-{arguments.targets}" / str(seed)
    words = ["run", "quick", "--quiet", "--out", folder, "--threads", arguments.threads]
    names = lambda of: str(of).replace("'", '"')
    changes = {
        "seeds.init": seed,
        "seeds.order": seed,
        "training.targets": names(targets),
        "training.epochs": epochs,
        # probes play no part here
        "checkpoints.count": 2,
        "probes.layers": '["fc1"]',
        "probes.features": names(targets[:1]),
        "probes.penalties": "[1.0]",
    }
    for key, value in changes.items():
        words += ["--set", f"{key}={value}"]
    stimuli.layerprobe(arguments.program, *words)
    accuracies = {}
    for log in sorted(folder.glob("conditions/*/training.csv")):
        target = next(target for target in targets if target in log.parent.name.split("-"))
        rows = list(csv.DictReader(open(log)))
        accuracies[target] = [float(row["validation_accuracy"]) for row in rows if row["epoch"] != "0"]
    return accuracies


def theirs(images, parts, target, seed):
    path = arguments.out / f"pytorch-{epochs}" / f"{target}-{seed}.csv"
    if not path.exists():
        accuracies = pytorch(images, parts[target], seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".part").write_text("\n".join(map(str, accuracies)))
        path.with_suffix(".part").rename(path)
    return [float(line) for line in path.read_text().split()]


def permutation(a, b):
    """Fraction of all divisions into two groups (of 200,000 drawn where there are
    millions) whose means differ as much."""
    whole, n = np.array(a + b), len(a)
    apart = lambda sums: np.abs(sums / n - (whole.sum() - sums) / len(b))
    if math.comb(len(whole), n) <= 3_000_000:
        chosen = itertools.combinations(range(len(whole)), n)
        sums = np.array([sum(whole[i] for i in group) for group in chosen])
    else:
        random = np.random.default_rng(0)
        sums = np.array([random.permutation(whole)[:n].sum() for _ in range(200_000)])
    return float((apart(sums) >= apart(np.array(a).sum()) - 1e-12).mean())


images, parts = stimuli.rendered(arguments.program, preset, targets, arguments.out / "stimuli")
seeds = range(arguments.first, arguments.first + arguments.seeds)
mine = {seed: ours(seed) for seed in seeds}
peer = {(target, seed): theirs(images, parts, target, seed) for seed in seeds for target in targets}


def cell(values):
    return f"{100 * statistics.mean(values):.2f} ({100 * min(values):.2f} to {100 * max(values):.2f})"


print(f"{arguments.seeds} seeds; validation accuracy in %: mean (least to most)")
print("| target | after | layerprobe | PyTorch | difference | p |")
print("| --- | --- | --- | --- | --- | --- |")
moments = {f"epoch {e}": (lambda run, e=e: run[e - 1]) for e in sorted({1, 2, min(5, epochs), epochs}) if e <= epochs}
moments["the best epoch"] = max
for target in targets:
    for name, moment in moments.items():
        a = [moment(mine[seed][target]) for seed in seeds]
        b = [moment(peer[target, seed]) for seed in seeds]
        difference = 100 * (statistics.mean(a) - statistics.mean(b))
        print(f"| {target} | {name} | {cell(a)} | {cell(b)} | {difference:+.2f} | {permutation(a, b):.2f} |")
