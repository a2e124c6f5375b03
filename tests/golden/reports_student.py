"""Quantiles and intervals of Student's t, for layerprobe-reports.

scipy==1.16.2 (Python 3.11). Writes reports_student.csv beside this file:
one row a quantile, `t` such that P(|T| < t) = coverage.
"""

import csv
import pathlib

from scipy import stats

path = pathlib.Path(__file__).with_suffix(".csv")
with path.open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["coverage", "degrees", "t"])
    for coverage in (0.5, 0.9, 0.95, 0.99):
        for degrees in (1, 2, 3, 4, 5, 9, 10, 29, 100, 999):
            t = stats.t.ppf(0.5 + coverage / 2, degrees)
            writer.writerow([coverage, degrees, repr(float(t))])
