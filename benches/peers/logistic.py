"""One multinomial logistic regression by scikit-learn, brought to a given objective.

Run: python benches/peers/logistic.py X.npy LABELS.csv FEATURE PENALTY LOWER_BOUND THREADS LIMIT

The tolerance falls by tens from scikit-learn's default until the objective,
computed in f64, exceeds the lower bound by less than 1e-6 of it. Prints one
JSON object a line: seconds of the last fit (of the best, if none got there),
its tolerance, iterations and relative excess, and `ended`: whether it got there
or all tolerances were tried. After LIMIT processor seconds, all fits together,
the process is stopped where it is, and its last line stands, with `ended` false.
"""

import csv
import json
import resource
import sys
import time
import warnings

from threadpoolctl import threadpool_limits

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

NEAR = 1e-6
warnings.simplefilter("ignore", ConvergenceWarning)
path, table, feature, penalty, lower, threads, limit = sys.argv[1:]
penalty, lower = float(penalty), float(lower)
# loading libraries and data does not count
begun = int(time.process_time()) + 1
resource.setrlimit(resource.RLIMIT_CPU, (begun + int(float(limit)), resource.RLIM_INFINITY))
x = np.load(path)
with open(table) as file:
    names = [row[feature] for row in csv.DictReader(file)]
classes = sorted(set(names))
y = np.array([classes.index(name) for name in names])


def objective(model):
    w, b = model.coef_.astype(np.float64), model.intercept_.astype(np.float64)
    loss = 0.0
    for rows in range(0, len(y), 256):
        logits = x[rows : rows + 256].astype(np.float64) @ w.T + b
        top = logits.max(1, keepdims=True)
        logits -= top + np.log(np.exp(logits - top).sum(1, keepdims=True))
        loss -= logits[np.arange(len(logits)), y[rows : rows + 256]].sum()
    return loss + penalty / 2 * (w**2).sum()


best = None
with threadpool_limits(int(threads)):
    tolerances = [1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
    for tolerance in tolerances:
        started, elapsed = time.process_time(), time.perf_counter()
        model = LogisticRegression(C=1 / penalty, solver="lbfgs", tol=tolerance, max_iter=5000).fit(x, y)
        found = {
            "processor_seconds": time.process_time() - started,
            "seconds": time.perf_counter() - elapsed,
            "tolerance": tolerance,
            "iterations": int(model.n_iter_.max()),
            "relative_excess": (objective(model) - lower) / lower,
        }
        if best is None or found["relative_excess"] < best["relative_excess"]:
            best = found
        ended = bool(found["relative_excess"] < NEAR or tolerance == tolerances[-1])
        print(json.dumps(best | {"ended": ended}), flush=True)
        if ended:
            break
