"""Reference fits of multinomial logistic regression without a penalty.

Made with Python 3.11, numpy==2.4.6, scipy==1.17.1, scikit-learn==1.9.1:

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python tests/golden/probes_unpenalized.py > tests/golden/probes_unpenalized.json

Every entry of the data is a multiple of 1/64, exact in single precision; the
file stores the integers. Objective: the sum of cross-entropies, intercept free,
by `LogisticRegression(C=inf)`. Where dimensions depend on each other, scikit-learn
gets a basis of their span, and the coefficients are those with the least sum of
squares over standardized dimensions that have its logits.

`separable` says whether linear programming (`scipy.optimize.linprog`) finds a
decoder under which no row prefers another class and some row prefers its own:
the greatest sum of margins, each between 0 and 1, is above 0. There the
likelihood has no maximum, and nothing else is stored.
"""

import json
import warnings

import numpy as np
from scipy.optimize import linprog
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("error")


def separable(x, y, k):
    n, d = x.shape
    a = np.hstack([np.ones((n, 1)), x - x.mean(0)])
    rows = []
    for i in range(n):
        for c in range(k):
            if c != y[i]:
                row = np.zeros((k, d + 1))
                row[y[i]] += a[i]
                row[c] -= a[i]
                rows.append(row.ravel())
    margins = np.array(rows)
    m, size = margins.shape
    # 0 <= slack <= 1, slack <= margin
    found = linprog(
        np.concatenate([np.zeros(size), -np.ones(m)]),
        A_ub=np.hstack([-margins, np.eye(m)]),
        b_ub=np.zeros(m),
        bounds=[(None, None)] * size + [(0, 1)] * m,
    )
    assert found.status == 0, found
    return bool(-found.fun > 0.5)


def standardized(x):
    deviation = x.std(0)
    return np.where(deviation > 0, (x - x.mean(0)) / np.where(deviation > 0, deviation, 1), 0)


def fit(x, y, k):
    z = standardized(x)
    u, s, _ = np.linalg.svd(z, full_matrices=False)
    basis = u[:, s > 1e-9 * s[0]] * np.sqrt(len(y))
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(basis, y)
    w, b = model.coef_, model.intercept_
    if k == 2:
        w, b = np.vstack([-w / 2, w / 2]), np.concatenate([-b / 2, b / 2])
    logits = basis @ w.T + b
    logits -= logits.mean(1, keepdims=True)
    top = logits.max(1, keepdims=True)
    logp = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
    residual = np.exp(logp)
    residual[np.arange(len(y)), y] -= 1
    assert np.abs(np.hstack([np.ones((len(y), 1)), basis]).T @ residual).max() < 1e-7
    coefficients = np.linalg.pinv(z, rcond=1e-9) @ (logits - logits.mean(0))
    return -logp[np.arange(len(y)), y].sum(), np.exp(logp), coefficients


def drawn(seed, n, d, k, signal):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    x = signal * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d))
    return np.round(x * 64) / 64, y


def duplicated():
    x, y = drawn(5, 60, 6, 3, 0.4)
    x[:, 1] = x[:, 0]
    x[:, 2] = x[:, 0] - x[:, 3]
    return x, y


def units():
    x, y = drawn(6, 60, 4, 3, 0.4)
    return x * np.array([1, 64, 4096, 2**20]), y


def repeated(k, distinct, d):
    """Every row with every label: once, and twice with one of them."""
    rng = np.random.default_rng(k)
    points = np.round(rng.normal(size=(distinct, d)) * 64) / 64
    x, y = np.repeat(points, k, 0), np.tile(np.arange(k), distinct)
    return np.vstack([x, points]), np.concatenate([y, np.arange(distinct) % k])


def one_repeated():
    """Wide, two rows the same but for their label."""
    x, y = drawn(7, 12, 30, 2, 0.5)
    x[1] = x[0]
    return x, y


def apart(quasi):
    """The last of three classes alone beyond a border, the others mixed. Quasi:
    one of the others on the border, too."""
    x, y = drawn(8, 45, 2, 3, 0.0)
    x[y == 2, 0] = 5 + np.arange(15) / 16
    x[y != 2, 0] = np.minimum(x[y != 2, 0], 4)
    if quasi:
        x[0, 0], x[2, 0] = 5, 5
    return x, y


def threshold(tie):
    x = np.arange(20.0).reshape(-1, 1) / 4
    y = (np.arange(20) >= 10).astype(int)
    if tie:
        x[10] = x[9]
    return x, y


def indicator():
    """A dimension that is on in rows of one class alone; else nothing to tell."""
    x, y = drawn(9, 40, 3, 2, 0.0)
    x[:, 0] = (np.arange(40) % 8 == 1).astype(float)
    return x, y


CASES = [
    ("two_classes", drawn(1, 80, 5, 2, 0.4)),
    ("five_classes", drawn(2, 150, 6, 5, 0.4)),
    ("one_dimension", drawn(3, 50, 1, 3, 0.8)),
    ("nearly_separable", drawn(4, 60, 3, 2, 1.0)),
    ("duplicated_dimensions", duplicated()),
    ("units", units()),
    ("wide_repeated", repeated(2, 6, 20)),
    ("five_classes_wide_repeated", repeated(5, 5, 40)),
    ("separable", drawn(10, 40, 4, 4, 4.0)),
    ("separable_wide", drawn(11, 30, 60, 5, 0.0)),
    ("separable_as_high_as_wide", drawn(12, 20, 19, 2, 0.0)),
    ("quasi_wide", one_repeated()),
    ("quasi_one_class_apart", apart(False)),
    ("quasi_one_class_touching", apart(True)),
    ("separable_one_dimension", threshold(False)),
    ("quasi_one_dimension", threshold(True)),
    ("quasi_indicator", indicator()),
]

cases = []
for name, (x, y) in CASES:
    k = int(y.max()) + 1
    case = dict(
        name=name,
        classes=k,
        dims=x.shape[1],
        x=[int(v) for v in (x * 64).ravel()],
        y=y.tolist(),
        separable=separable(standardized(x), y, k),
    )
    if not case["separable"]:
        objective, probabilities, coefficients = fit(x, y, k)
        case |= dict(
            objective=objective,
            probabilities=[float(f"{p:.10g}") for p in probabilities.ravel()],
            # on standardized dimensions
            coefficients=[float(f"{w:.8g}") for w in coefficients.ravel()],
        )
    cases.append(case)
print(json.dumps(cases, separators=(",", ":")))
