"""Means and paired changes over five runs, for layerprobe-reports.

Made with Python 3.11, numpy==2.4.6 and scipy==1.17.1:

    pip install numpy==2.4.6 scipy==1.17.1
    python tests/golden/reports_over_runs.py

Writes reports_over_runs.csv beside this file. Lines `run`: hold-out version,
accuracy untrained and trained, cross-entropy (nats) untrained and trained.
Lines `over_runs`: metric, checkpoint, mean and its 95 % interval by Student's t
(n - 1 degrees of freedom), that of accuracies cut at 0 and 1; `enhancement` is the
paired difference of accuracies, `enhancement_bits` that of cross-entropies turned
around, in bits.
"""

import csv
import pathlib

import numpy as np
from scipy import stats

rng = np.random.default_rng(20)
before = np.round(rng.uniform(0.90, 0.995, 5) * 3570) / 3570
after = np.round((before - rng.uniform(-0.02, 0.3, 5)) * 3570) / 3570
nats_before = rng.uniform(0.1, 0.4, 5)
nats_after = rng.uniform(0.3, 1.2, 5)


def interval(values, low=-np.inf, high=np.inf):
    mean = values.mean()
    ends = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=stats.sem(values))
    return mean, max(ends[0], low), min(ends[1], high)


path = pathlib.Path(__file__).with_suffix(".csv")
with path.open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    for number, run in enumerate(zip(before, after, nats_before, nats_after)):
        writer.writerow(["run", number, *(repr(float(x)) for x in run)])
    for metric, role, found in [
        ("accuracy", "initial", interval(before, 0, 1)),
        ("accuracy", "last", interval(after, 0, 1)),
        ("enhancement", "last", interval(after - before)),
        ("enhancement_bits", "last", interval((nats_before - nats_after) / np.log(2))),
    ]:
        writer.writerow(["over_runs", metric, role, *(repr(float(x)) for x in found)])
