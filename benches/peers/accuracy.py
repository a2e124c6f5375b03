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
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import torch
import torch.nn.functional as F
from torchvision.io import read_image

import networks

parser = argparse.ArgumentParser(prog="benches/peers/run accuracy", description=__doc__)
parser.add_argument("--targets", default="shape,texture", help="features to train on [shape,texture]")
parser.add_argument("--seeds", type=int, default=5, help="runs of each [5]")
parser.add_argument("--epochs", type=int, help="[the preset's]")
parser.add_argument("--threads", type=int, default=2, help="threads of both [2]")
parser.add_argument("--out", type=Path, default=Path("target/peers/accuracy"), help="[target/peers/accuracy]")
parser.add_argument("program", help="the layerprobe program, built for release")
arguments = parser.parse_args()
targets = arguments.targets.split(",")
torch.set_num_threads(arguments.threads)


def layerprobe(*words):
    done = subprocess.run([arguments.program, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"layerprobe {' '.join(map(str, words))} failed:\n{done.stderr}")
    return done.stdout


preset = tomllib.loads(layerprobe("config", "show", "quick"))
epochs = arguments.epochs or preset["training"]["epochs"]


def rendered():
    """Images as bytes, and for each target the rows and classes that train and validate."""
    folder, stimuli, split = arguments.out / "stimuli", preset["stimuli"], preset["split"]
    if not (folder / "splits").exists():
        words = ["render", stimuli["dataset"], "--out", folder, "--seed", preset["seeds"]["data"]]
        for key, value in stimuli.items():
            words += [] if key == "dataset" else ["--set", f"{key}={value}"]
        words += ["--set", f"split.versions={split['versions']}", "--set", f"split.held_out={split['held_out']}"]
        layerprobe(*words)
    version = f"version-{split['versions'][0]}"
    rows = list(csv.DictReader(open(folder / "labels.csv")))
    marks = list(csv.DictReader(open(folder / "splits" / f"{version}.csv")))
    held_out = {(r["feature"], r["value"]) for r in csv.DictReader(open(folder / "splits" / f"{version}-held-out.csv"))}
    images = torch.stack([read_image(str(folder / r["file"]))[:3] for r in rows])
    assert [r["file"] for r in rows] == [m["file"] for m in marks]
    parts = {}
    for target in targets:
        kept = list(dict.fromkeys(r[target] for r in rows if (target, r[target]) not in held_out))
        of = lambda mark: torch.tensor([i for i, m in enumerate(marks) if m[mark] == "1"])
        classes = lambda part: torch.tensor([kept.index(rows[i][target]) for i in part])
        train, validation = of("train"), of(f"validation_{target}")
        parts[target] = (len(kept), train, classes(train), validation, classes(validation))
    return images, parts


def pytorch(images, part, seed):
    """Validation accuracy after each epoch."""
    classes, train, train_classes, validation, validation_classes = part
    training = preset["training"]
    pixels = images[train].double() / 255
    mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3), correction=0)
    normalized = lambda rows: ((images[rows] / 255 - mean.float()[:, None, None]) / std.float()[:, None, None]).contiguous(
        memory_format=torch.channels_last
    )
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
            F.cross_entropy(network(normalized(train[rows])), train_classes[rows]).backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            right = sum(
                (network(normalized(validation[rows])).argmax(1) == validation_classes[rows]).sum().item()
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
    layerprobe(*words)
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
    """Fraction of all divisions into two groups whose means differ as much."""
    whole = a + b
    apart = lambda group: abs(sum(group) / len(a) - (sum(whole) - sum(group)) / len(b))
    divisions = [apart([whole[i] for i in chosen]) for chosen in itertools.combinations(range(len(whole)), len(a))]
    return sum(d >= apart(a) - 1e-12 for d in divisions) / len(divisions)


images, parts = rendered()
seeds = range(1, arguments.seeds + 1)
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
