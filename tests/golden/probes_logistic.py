"""Reference fits of multinomial logistic regression by scikit-learn.

Made with Python 3.11, numpy==2.4.6, scipy==1.17.1, scikit-learn==1.9.1:

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python tests/golden/probes_logistic.py > tests/golden/probes_logistic.json

Every entry of the data is a multiple of 1/64, exact in single precision; the
file stores the integers. Objective: sum of cross-entropies + penalty/2
||W||^2 over the (optionally standardized) dimensions, intercept free. With
two classes scikit-learn fits one vector w = W_1 - W_0; the symmetric W has
||W||^2 = ||w||^2 / 2, hence C = 2 / penalty there and 1 / penalty elsewhere.
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression


def data(seed, n, d, k, signal, scale=None, duplicate=False, constant=False):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    centers = rng.normal(size=(k, d))
    x = signal * centers[y] + rng.normal(size=(n, d))
    if scale is not None:
        x = x * np.geomspace(scale, 1 / scale, d) + 3 * scale
    if duplicate:
        x[:, 1] = x[:, 0]
        x[:, 2] = x[:, 0] - x[:, 3]
        x[n // 2 : n // 2 + k] = x[:k]
    x = np.round(x * 64)
    if constant:
        x[:, 0] = 64 * 5
    return x.astype(int), y


def fit(x, y, k, penalty, standard):
    mean = x.mean(0)
    deviation = x.std(0)
    varies = deviation > 0
    inverse = np.where(varies, 1 / np.where(varies, deviation, 1), 0) if standard else varies * 1.0
    z = (x - mean) * inverse
    model = LogisticRegression(
        C=(2 if k == 2 else 1) / penalty,
        solver="newton-cholesky",
        tol=1e-13,
        max_iter=10_000,
    ).fit(z, y)
    w, b = model.coef_, model.intercept_
    if k == 2:
        w, b = np.vstack([-w / 2, w / 2]), np.concatenate([-b / 2, b / 2])
    logits = z @ w.T + b
    top = logits.max(1, keepdims=True)
    logp = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
    residual = np.exp(logp)
    residual[np.arange(len(y)), y] -= 1
    gradient = residual.T @ z + penalty * w
    objective = -logp[np.arange(len(y)), y].sum() + penalty / 2 * (w**2).sum()
    gap = (gradient**2).sum() / (2 * penalty)
    assert gap < 1e-8 * objective, (gap, objective)
    # on the dimensions as they came
    return objective, np.exp(logp), (w * inverse).T


CASES = [
    ("small_dense", dict(seed=1, n=60, d=8, k=4, signal=0.6), 1.0, True),
    ("wide", dict(seed=2, n=40, d=120, k=3, signal=0.2), 10.0, True),
    ("unscaled", dict(seed=3, n=60, d=6, k=3, signal=0.7, scale=10.0), 1.0, False),
    ("separable_tiny_penalty", dict(seed=4, n=45, d=10, k=3, signal=3.0), 1e-3, True),
    ("wide_tiny_penalty", dict(seed=5, n=30, d=70, k=5, signal=0.3), 1e-3, True),
    ("overlapping_tiny_penalty", dict(seed=6, n=90, d=5, k=3, signal=0.3), 1e-3, True),
    ("huge_penalty", dict(seed=7, n=50, d=12, k=3, signal=1.0), 1e5, True),
    ("two_classes", dict(seed=8, n=50, d=7, k=2, signal=0.4), 0.5, True),
    ("rank_deficient", dict(seed=9, n=48, d=9, k=4, signal=0.5, duplicate=True), 1e-2, True),
    ("rank_deficient_wide", dict(seed=10, n=36, d=60, k=3, signal=0.3, duplicate=True), 0.1, True),
    ("very_wide", dict(seed=12, n=24, d=500, k=3, signal=0.1), 1.0, True),
    ("two_classes_wide_unscaled", dict(seed=13, n=30, d=64, k=2, signal=0.2, scale=8.0), 1e-2, False),
    ("two_classes_separable", dict(seed=14, n=40, d=6, k=2, signal=4.0), 1e-4, True),
    ("hundred_classes", dict(seed=15, n=300, d=12, k=100, signal=0.8), 0.1, True),
    ("minute_penalty", dict(seed=17, n=120, d=4, k=3, signal=0.2), 1e-6, True),
    ("enormous_penalty", dict(seed=18, n=60, d=80, k=4, signal=1.0), 1e9, True),
    ("constant_dimension", dict(seed=11, n=40, d=6, k=2, signal=0.5, constant=True), 1.0, True),
]

cases = []
for name, how, penalty, standard in CASES:
    x, y = data(**how)
    objective, probabilities, coefficients = fit(x / 64, y, how["k"], penalty, standard)
    cases.append(
        dict(
            name=name,
            classes=how["k"],
            dims=how["d"],
            penalty=penalty,
            standard=standard,
            x=x.ravel().tolist(),
            y=y.tolist(),
            objective=objective,
            # of a hundred classes, those of the true ones
            probabilities=[
                float(f"{p:.10g}")
                for p in (probabilities if how["k"] < 100 else probabilities[np.arange(len(y)), y]).ravel()
            ],
            coefficients=[float(f"{w:.8g}") for w in coefficients.ravel()],
        )
    )
print(json.dumps(cases, separators=(",", ":")))
