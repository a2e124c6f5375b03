"""Is each step of a training run the step that PyTorch would take from there?

`layerprobe run` trains cnn4 on stimuli of the preset `quick` with all of the
training set in one batch, so that no order matters, and keeps the weights after
every step. From each of these PyTorch computes the gradient, and Adam with coupled
L2 (moments here, in doubles) predicts the next: the relative difference to what
layerprobe did is told for every parameter. Steps are compared one by one, so
rounding cannot add up over training, and a fault in loss, gradient, optimizer or
normalization has nowhere to hide.

Run by `benches/peers/run steps`.
"""

import argparse
import shutil
import tomllib
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import networks
import stimuli

parser = argparse.ArgumentParser(prog="benches/peers/run steps", description=__doc__)
parser.add_argument("--target", default="texture", help="feature to train on [texture]")
parser.add_argument("--steps", type=int, default=20, help="[20]")
parser.add_argument("--seed", type=int, default=0, help="of the initial weights [0]")
parser.add_argument("--exemplars", type=int, default=2, help="stimuli of a combination [2]")
parser.add_argument("--threads", type=int, default=2, help="[2]")
parser.add_argument("--out", type=Path, default=Path("target/peers/steps"), help="[target/peers/steps]")
parser.add_argument("program", help="the layerprobe program, built for release")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
shutil.rmtree(arguments.out, ignore_errors=True)

run = arguments.out / "run"
settings = {
    "stimuli.exemplars": arguments.exemplars,
    "seeds.init": arguments.seed,
    "training.targets": f'["{arguments.target}"]',
    "training.epochs": arguments.steps,
    "training.batch_size": 100_000,
    "checkpoints.schedule": "list",
    "checkpoints.steps": list(range(arguments.steps + 1)),
    # probes play no part here
    "probes.layers": '["fc1"]',
    "probes.features": '["shape"]',
    "probes.penalties": "[1.0]",
}
words = ["run", "quick", "--quiet", "--out", run, "--threads", arguments.threads]
for key, value in settings.items():
    words += ["--set", f"{key}={value}"]
stimuli.layerprobe(arguments.program, *words)

config = tomllib.loads((run / "config.toml").read_text())
training = config["training"]
images, parts = stimuli.rendered(arguments.program, config, [arguments.target], arguments.out / "stimuli")
classes, train, labels, *_ = parts[arguments.target]
seen = stimuli.normalized(images, train)
(condition,) = (run / "conditions").iterdir()


def weights(step):
    """The parameters after so many steps, by PyTorch's names."""
    stored = load_file(str(condition / "checkpoints" / f"step-{step:06d}.safetensors"))
    torchs = lambda name: name if name.startswith("fc") else f"convs.{int(name[4]) - 1}.{name.split('.')[1]}"
    return {torchs(name): value for name, value in stored.items()}


rate, decay = training["learning_rate"], training["weight_decay"]
first, second, epsilon = 0.9, 0.999, 1e-8
means, squares, apart = {}, {}, {}
for step in range(arguments.steps):
    before, after = weights(step), weights(step + 1)
    network = networks.network("cnn4", images.shape[-1], classes)
    network.load_state_dict(before)
    network.to(memory_format=torch.channels_last)
    for part in torch.arange(len(train)).split(256):
        loss = F.cross_entropy(network(seen(train[part])), labels[part], reduction="sum") / len(train)
        loss.backward()
    for name, parameter in network.named_parameters():
        gradient = parameter.grad.double() + decay * before[name].double()
        means[name] = first * means.get(name, 0) + (1 - first) * gradient
        squares[name] = second * squares.get(name, 0) + (1 - second) * gradient**2
        mean, square = means[name] / (1 - first ** (step + 1)), squares[name] / (1 - second ** (step + 1))
        expected = -rate * mean / (square.sqrt() + epsilon)
        done = after[name].double() - before[name].double()
        apart.setdefault(name, []).append(((done - expected).norm() / expected.norm()).item())

print(f"{arguments.steps} steps of Adam from layerprobe's weights, {len(train)} stimuli a step,")
print("relative difference of the step to PyTorch's: median, largest")
print("| parameter | median | largest |")
print("| --- | --- | --- |")
for name, values in apart.items():
    values = sorted(values)
    print(f"| {name} | {values[len(values) // 2]:.1e} | {values[-1]:.1e} |")
