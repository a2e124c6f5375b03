"""The stimuli of a configuration for PyTorch, from `layerprobe render`."""

import csv
import subprocess
import sys

import torch
from torchvision.io import read_image


def layerprobe(program, *words):
    """Standard output of the program."""
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"layerprobe {' '.join(map(str, words))} failed:\n{done.stderr}")
    return done.stdout


def rendered(program, config, targets, folder):
    """Images as bytes, and for each target the rows and classes that train and validate."""
    stimuli, split = config["stimuli"], config["split"]
    if not (folder / "splits").exists():
        words = ["render", stimuli["dataset"], "--out", folder, "--seed", config["seeds"]["data"]]
        for key, value in stimuli.items():
            words += [] if key == "dataset" else ["--set", f"{key}={value}"]
        words += ["--set", f"split.versions={split['versions']}", "--set", f"split.held_out={split['held_out']}"]
        layerprobe(program, *words)
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


def normalized(images, train, channels_last=True):
    """From rows of images to what networks see: by the training rows' channels."""
    pixels = images[train].double() / 255
    mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3), correction=0)
    shape = torch.channels_last if channels_last else torch.contiguous_format
    return lambda rows: ((images[rows] / 255 - mean.float()[:, None, None]) / std.float()[:, None, None]).contiguous(
        memory_format=shape
    )
