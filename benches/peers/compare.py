"""Pairs of `layerprobe bench` and the same work in PyTorch, as ratios.

Run by benches/peers/run, which says how. Processes alternate: ours, PyTorch
contiguous, PyTorch channels-last, and again, so that a machine whose speed
drifts is no advantage to anyone. A ratio is of one round, against the better of
PyTorch's two memory formats; the table has the median over rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LAYOUTS = ["contiguous", "channels_last"]
# arch, image size, batch, steps, what is asked of a step and of a forward pass
WORK = [
    ("cnn4", 64, 64, 20, 1.8, 1.3),
    ("alexnet", 224, 64, 4, 1.1, 1.3),
    ("resnet50", 224, 32, 2, 1.3, 1.3),
]

parser = argparse.ArgumentParser(prog="benches/peers/run", description=__doc__)
parser.add_argument("--rounds", type=int, default=5, help="alternating rounds [5]")
parser.add_argument("--threads", type=int, default=2, help="threads of both [2]")
parser.add_argument("--only", action="append", help="an architecture; may be given several times [all]")
parser.add_argument("--work", choices=["train", "extract"], help="one kind of work [both]")
parser.add_argument("program", help="the layerprobe program, built for release")
arguments = parser.parse_args()


def told(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def ours(work, arch, size, batch, steps):
    command = [arguments.program, "bench", work, "--arch", arch, "--image-size", str(size)]
    command += ["--batch", str(batch), "--steps", str(steps), "--threads", str(arguments.threads)]
    return told([*command, "--json"])


def theirs(work, arch, size, batch, steps, layout):
    script = [sys.executable, str(HERE / "work.py"), work, arch, str(size), str(batch)]
    return told([*script, str(steps), str(arguments.threads), layout])


# a bench of next to nothing: what the program itself takes
bare = ours("extract", "mlp", 1, 1, 1)["peak_rss_bytes"]
MB = 1 << 20
print(f"{arguments.rounds} rounds, {arguments.threads} threads; images/s and MiB over the bare process, medians")
print("| work | layerprobe | PyTorch contiguous | PyTorch channels-last | ratio (rounds) | asked | memory | PyTorch's memory |")
print("| --- | --- | --- | --- | --- | --- | --- | --- |")
for arch, size, batch, steps, asked_step, asked_forward in WORK:
    if arguments.only and arch not in arguments.only:
        continue
    for work, asked in [("train", asked_step), ("extract", asked_forward)]:
        if arguments.work and work != arguments.work:
            continue
        rounds = []
        for _ in range(arguments.rounds):
            pair = {"ours": ours(work, arch, size, batch, steps)}
            pair |= {layout: theirs(work, arch, size, batch, steps, layout) for layout in LAYOUTS}
            rounds.append(pair)
        speed = {k: [r[k]["images_per_second"] for r in rounds] for k in ["ours", *LAYOUTS]}
        ratios = [
            mine / max(speed[layout][i] for layout in LAYOUTS) for i, mine in enumerate(speed["ours"])
        ]
        memory = statistics.median(r["ours"]["peak_rss_bytes"] - bare for r in rounds) / MB
        peer = min(
            statistics.median(r[layout]["peak_rss_bytes"] - r[layout]["bare_rss_bytes"] for r in rounds) / MB
            for layout in LAYOUTS
        )
        median = {k: f"{statistics.median(v):.1f}" for k, v in speed.items()}
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        name = f"{arch} {size} px b{batch} {'step' if work == 'train' else 'forward'}"
        cells = [name, *median.values(), f"{statistics.median(ratios):.2f} ({spread})", f"{asked}"]
        cells += [f"{memory:.0f}", f"{peer:.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
