"""Wilson's score interval, for layerprobe-probes.

Made with Python 3.11 and scipy==1.17.1:

    pip install scipy==1.17.1
    python tests/golden/probes_wilson.py

Writes probes_wilson.csv beside this file: one row an interval, the 95 %
interval of `right` successes among `n`.
"""

import csv
import pathlib

from scipy import stats

path = pathlib.Path(__file__).with_suffix(".csv")
with path.open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["right", "n", "lower", "upper"])
    for n in (1, 2, 10, 70, 343, 357):
        for right in sorted({0, n // 3, n // 2, n}):
            found = stats.binomtest(right, n).proportion_ci(0.95, "wilson")
            writer.writerow([right, n, repr(float(found.low)), repr(float(found.high))])
