"""Fits of one matrix, as ratios: layerprobe against scikit-learn, and linfa-logistic.

Run by benches/peers/run, which says how. The matrices are layers of networks
that the program trained, read for the 3430 training stimuli of the first
hold-out version and standardized once, here: both sides get the same f32 file.
The work is 3 features x penalties 1, 100 and 10000, each fit brought to within
1e-6 (relative) of the optimum. layerprobe proves that itself; scikit-learn's
tolerance is tightened from its default by tens until its objective, computed
here in f64, is that close to a lower bound that layerprobe proved (to 1e-9, in
a run of its own), and only its last fit counts. Where no tolerance gets there, its
best fit counts and is marked; so it is where --limit stops it on the way, which can
only be too kind to it. Fits that --limit stops before one tolerance is reached do
not count; layerprobe's seconds are then of every feature that does at every penalty
that does.

Seconds are processor time of all threads (the machine may be shared), elapsed
time in brackets. The bound is operations over 220 GFLOP/s a thread.
"""

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

HERE = Path(__file__).parent
FEATURES = ["shape", "texture", "color"]
PENALTIES = [1, 100, 10000]
GFLOPS = 220e9  # of one thread: two reached 440 together
MB = 1 << 20
# network, its configuration, the step whose weights are read
NETWORKS = {
    "cnn4": ["--set", "training.epochs=10", "--set", 'probes.layers=["fc1"]'],
    "alexnet": [
        *["--set", "network.arch=alexnet", "--set", "stimuli.image_size=224", "--set", "stimuli.object_size=128"],
        *["--set", "stimuli.texture_period=10", "--set", "training.epochs=1"],
        *["--set", "training.learning_rate=3e-4", "--set", 'probes.layers=["fc7"]'],
    ],
}
STIMULI = {
    "cnn4": {"image_size": 64, "object_size": 40, "texture_period": 6},
    "alexnet": {"image_size": 224, "object_size": 128, "texture_period": 10},
}
WORK = [
    ("cnn4", "fc1"),
    ("cnn4", "pool4"),
    ("cnn4", "pool3"),
    ("alexnet", "pool3"),
    ("cnn4", "pool1"),
]

parser = argparse.ArgumentParser(prog="benches/peers/run probes", description=__doc__)
parser.add_argument("--threads", type=int, default=2, help="threads of both [2]")
parser.add_argument("--only", action="append", help="a row, as cnn4/pool3; may be given several times [all]")
parser.add_argument("--penalties", default=PENALTIES, help="of both, as 100,10000 [1,100,10000]",
                    type=lambda text: [float(word) for word in text.split(",")])  # fmt: skip
parser.add_argument("--features", default=FEATURES, type=lambda text: text.split(","), help="of both [all three]")
parser.add_argument("--limit", type=float, default=3600,
                    help="processor seconds of scikit-learn a fit, all its tolerances together [3600]")  # fmt: skip
parser.add_argument("--linfa", action="store_true", help="time linfa-logistic, too, on the first row (minutes)")
parser.add_argument("--data", type=Path, default=Path("target/peers/probes"), help="where matrices and fits are kept")
parser.add_argument("program", help="the layerprobe program, built for release")
arguments = parser.parse_args()
DATA = arguments.data


def run(command, **more):
    done = subprocess.run([str(part) for part in command], **more)
    if done.returncode not in (0, 3):  # 3: a probe of the little run did not converge
        sys.exit(f"{' '.join(map(str, command))} failed with code {done.returncode}")
    return done.stdout


def images(network):
    """The training stimuli as PNG files, and their labels."""
    folder = DATA / f"stimuli-{network}"
    if not (folder / "train").exists():
        sets = [part for key, value in STIMULI[network].items() for part in ("--set", f"{key}={value}")]
        run([arguments.program, "render", "trifeature", "--out", folder, "--quiet", *sets])
        with open(folder / "splits/version-0.csv") as table:
            trained = [row["file"] for row in csv.DictReader(table) if row["train"] == "1"]
        (folder / "part").mkdir(exist_ok=True)
        for name in trained:
            shutil.copy(folder / name, folder / "part" / Path(name).name)
        shutil.rmtree(folder / "images")
        (folder / "part").rename(folder / "train")
    with open(folder / "labels.csv") as table:
        labels = {Path(row["file"]).name: row for row in csv.DictReader(table)}
    names = sorted(path.name for path in (folder / "train").iterdir())
    return folder / "train", [[labels[name][feature] for feature in FEATURES] for name in names]


def matrix(network, layer):
    """A layer's standardized matrix and its labels, as files."""
    matrix, labels = DATA / f"{network}-{layer}.npy", DATA / f"{network}.csv"
    if matrix.exists():
        return matrix, labels
    trained = DATA / f"run-{network}"
    if not (trained / "results.csv").exists():
        target = ["--set", 'training.targets=["shape"]', "--set", "checkpoints.count=2", "--set", "probes.penalties=[100]"]
        run([arguments.program, "run", "quick", "--out", trained, "--quiet", *target, *NETWORKS[network]])
    weights = max(trained.glob("conditions/*/checkpoints/step-*.safetensors"))
    folder, values = images(network)
    file = DATA / "layer.safetensors"
    run([arguments.program, "extract", "--arch", network, "--weights", weights, "--input", folder]
        + ["--layers", layer, "--out", file, "--quiet"])  # fmt: skip
    x = load_file(file)[layer]
    file.unlink()
    x = x.reshape(len(x), -1).astype(np.float64)
    deviation = x.std(0)
    x = np.where(deviation > 1e-7 * np.abs(x.mean(0)), (x - x.mean(0)) / np.where(deviation > 0, deviation, 1), 0)
    with open(labels, "w", newline="") as table:
        csv.writer(table).writerows([FEATURES, *values])
    np.save(matrix, np.ascontiguousarray(x, np.float32))
    return matrix, labels


def ours(matrix, labels, solver="batched", tolerance=1e-6, memory=None, fits=None):
    """layerprobe's fits: all, or every feature of `fits` at every penalty of theirs."""
    features = [name for name in arguments.features if not fits or any(fit["feature"] == name for fit in fits)]
    penalties = [p for p in arguments.penalties if not fits or any(fit["penalty"] == p for fit in fits)]
    command = [arguments.program, "bench", "probe", "--activations", matrix, "--labels", labels, "--scaling", "none"]
    command += ["--penalties", ",".join(map(str, penalties)), "--threads", arguments.threads, "--solver", solver]
    command += ["--tolerance", tolerance, "--features", ",".join(features)]
    if memory:
        command += ["--max-memory", f"{memory // MB}M"]
    before = os.times()
    told = json.loads(run([*command, "--json"], stdout=subprocess.PIPE))
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return told | {"processor_seconds": spent}


def theirs(network, layer, matrix, labels):
    """scikit-learn's fits, one process each; those done stay, so that the bench can be continued."""
    penalties = "-".join(f"{penalty:g}" for penalty in arguments.penalties)
    features = "-".join(arguments.features)
    bounds = DATA / f"bounds-{network}-{layer}-{features}-{penalties}.json"
    if not bounds.exists():
        bounds.write_text(json.dumps(ours(matrix, labels, tolerance=1e-9)))
    fits = []
    for fit in json.loads(bounds.read_text())["fits"]:
        kept = DATA / f"sklearn-{network}-{layer}-{fit['feature']}-{fit['penalty']:g}-{arguments.threads}.json"
        if not kept.exists() or json.loads(kept.read_text())["limit"] < arguments.limit:
            command = [sys.executable, HERE / "logistic.py", matrix, labels, fit["feature"], fit["penalty"]]
            command += [fit["objective"] - fit["gap"], arguments.threads, arguments.limit]
            done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
            stopped = done.returncode == -signal.SIGXCPU
            if done.returncode != 0 and not stopped:
                sys.exit(f"{' '.join(map(str, command))} failed with code {done.returncode}")
            last = done.stdout.splitlines()[-1:]
            found = json.loads(last[0]) if last else {"ended": False}
            limit = arguments.limit if stopped else float("inf")
            kept.write_text(json.dumps(fit | found | {"limit": limit}))
        fits.append(json.loads(kept.read_text()))
        one = {key: value for key, value in fits[-1].items() if key not in fit}
        print(f"  {network}/{layer} {fit['feature']} {fit['penalty']:g}: {one}", file=sys.stderr, flush=True)
    return fits


def bound(told):
    """Seconds that the products alone would take: the Gram matrix or covariance, a
    product (two over dimensions) an iteration, and three for weights and proof."""
    n, d = told["stimuli"], told["dim"]
    columns = sum(fit["classes"] for fit in told["fits"])
    through = sum(fit["classes"] * fit["iterations"] for fit in told["fits"])
    if 4 * d <= 3 * n:
        operations = n * d * d + 4 * n * d * through
    else:
        operations = n * n * d + 2 * n * n * through
    return (operations + 6 * n * d * columns) / (GFLOPS * arguments.threads)


DATA.mkdir(parents=True, exist_ok=True)
print(f"threads: {arguments.threads}; processor seconds (elapsed) of the fits that count")
print("| matrix | fits | scikit-learn | layerprobe | ratio | objectives apart, at most | bound | of it | peak / matrix |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
for network, layer in WORK:
    if arguments.only and f"{network}/{layer}" not in arguments.only:
        continue
    files = matrix(network, layer)
    size = files[0].stat().st_size
    wanted = theirs(network, layer, *files)
    fits = [fit for fit in wanted if "seconds" in fit]
    if not fits:
        print(f"  {network}/{layer}: none of {len(wanted)} fits of scikit-learn came to an end", file=sys.stderr, flush=True)
        continue
    # the widest layer is left on disk, as the forecast for all fits asks for more than
    # one and a half of itself; what it takes in truth is in the table
    told = ours(*files, memory=2 * size if layer == "pool1" else None, fits=fits)
    slow = [fit for fit in told["fits"] if fit["status"] != "converged"]
    if slow:
        print(f"  not converged here: {slow}", file=sys.stderr)
    apart = max(fit["relative_excess"] for fit in fits)
    short = sum(fit["relative_excess"] >= 1e-6 for fit in fits)
    seconds, elapsed = (sum(fit[key] for fit in fits) for key in ("processor_seconds", "seconds"))
    own, least = told["processor_seconds"], bound(told)
    cells = [
        f"{network} {layer}, {told['stimuli']} x {told['dim']}",
        f"{len(fits)} of {len(wanted)}",
        f"{seconds:.0f} ({elapsed:.0f})" + (f", {short} of {len(fits)} short of 1e-6" if short else ""),
        f"{own:.2f} ({told['seconds']:.2f})",
        f"{seconds / own:.0f}",
        f"{apart:.1e}",
        f"{least:.2f}",
        f"{least * arguments.threads / own:.0%}",
        f"{told['peak_rss_bytes'] / MB:.0f} / {size / MB:.0f} MiB",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
if arguments.linfa:
    files = matrix(*WORK[0])
    rows = {solver: ours(*files, solver) for solver in ("batched", "linfa")}
    for solver, told in rows.items():
        gap = max(fit["gap"] / fit["objective"] for fit in told["fits"])
        print(f"{'/'.join(WORK[0])}, {solver}: {told['processor_seconds']:.2f} s, largest relative gap {gap:.0e}")
