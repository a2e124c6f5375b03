"""Reference values of ridge probes, by scikit-learn.

Made with Python 3.11, numpy==2.4.6, scipy==1.17.1, scikit-learn==1.9.1:

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python tests/golden/probes_ridge.py > tests/golden/probes_ridge.json

Entries of the data are multiples of 1/64 (the file stores the integers). Rows are
fitted (`fit` of them), choose the penalty (`select`), and test (the rest).
Dimensions are standardized over the first two parts. `path` is R^2 on the second
for fits on the first, `r2` that on the third for the fit on both at the best
penalty; R^2 is against the mean of the rows fitted. A property with a period is
its sine and cosine: squares are summed over both.
"""

import json

import numpy as np
from sklearn.linear_model import Ridge

PENALTIES = [10.0**k for k in range(5, -4, -1)]


def components(values, period):
    if period is None:
        return values[:, None]
    turns = 2 * np.pi * values / period
    return np.stack([np.sin(turns), np.cos(turns)], 1)


def predict(model, x):
    return model.predict(x).reshape(len(x), -1)


def r2(model, fitted, x, y):
    return 1 - ((y - predict(model, x)) ** 2).sum() / ((y - fitted.mean(0)) ** 2).sum()


def case(name, seed, n, d, fit, select, rank=None):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * rng.uniform(0.3, 3, d)
    if rank:
        x = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, d))
    integers = np.round(x * 64).astype(int)
    x = integers / 64
    signal = x @ rng.normal(size=(d, 3)) / np.sqrt((x**2).sum(1).mean())
    properties = {
        "strong": (20 + 5 * signal[:, 0] + 3 * rng.normal(size=n), None),
        "weak": (0.1 * signal[:, 1] + rng.normal(size=n), None),
        "phase": ((0.15 * signal[:, 2] + 0.02 * rng.normal(size=n)) % 1, 1.0),
    }
    train = fit + select
    x = (x - x[:train].mean(0)) / x[:train].std(0)
    out = []
    for property, (values, period) in properties.items():
        values = np.round(values, 6)
        y = components(values, period)
        path = []
        for penalty in PENALTIES:
            model = Ridge(alpha=penalty, solver="svd").fit(x[:fit], y[:fit])
            path.append(r2(model, y[:fit], x[fit:train], y[fit:train]))
        penalty = PENALTIES[int(np.argmax(path))]
        model = Ridge(alpha=penalty, solver="svd").fit(x[:train], y[:train])
        errors = y[:train] - predict(model, x[:train])
        out.append(
            dict(
                property=property,
                period=period,
                values=values.tolist(),
                path=path,
                penalty=penalty,
                objective=0.5 * (errors**2).sum() + 0.5 * penalty * (model.coef_**2).sum(),
                r2=r2(model, y[:train], x[train:], y[train:]),
            )
        )
    return dict(
        name=name, dims=d, fit=fit, select=select, x=integers.ravel().tolist(), properties=out
    )


print(
    json.dumps(
        dict(
            penalties=PENALTIES,
            cases=[
                case("narrow", 0, 90, 7, 45, 15),
                case("wide", 1, 60, 90, 30, 10),
                case("deficient", 2, 80, 60, 40, 12, rank=20),
            ],
        )
    )
)
