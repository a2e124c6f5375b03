"""Reference values around a probe's accuracy, by scikit-learn.

Made with Python 3.11, numpy==2.4.6, scipy==1.17.1, scikit-learn==1.9.1:

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python tests/golden/probes_around.py > tests/golden/probes_around.json

Entries of the data are multiples of 1/64 (the file stores the integers).

code_length: Voita & Titov 2020, section 2.2.2. Stimuli are sent in their order,
blocks end at `ends`; the first costs log2(classes) a label. For each later block
the prefix before it is standardized and fitted at every penalty (largest first);
the penalty used is the one whose predictions, mixed with 1e-3 of uniform, would
have cost the fewest bits over the blocks already predicted, the largest at first.

v_information: Xu et al. 2020. Cross-entropy on the test of the training class
frequencies minus the probe's, in bits, at one penalty.
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

UNIFORM = 1e-3


def data(seed, n, d, k, signal):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % k)
    y[:k] = np.arange(k)
    x = signal * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d)) * rng.uniform(0.3, 3, d)
    return np.round(x * 64).astype(int), y


def probabilities(x, y, new, k, penalty):
    mean, deviation = x.mean(0), x.std(0)
    model = LogisticRegression(
        C=(2 if k == 2 else 1) / penalty, solver="newton-cholesky", tol=1e-13, max_iter=10_000
    ).fit((x - mean) / deviation, y)
    return model.predict_proba((new - mean) / deviation)


def code(name, seed, n, d, k, signal, ends, penalties):
    integers, y = data(seed, n, d, k, signal)
    x = integers / 64
    costs = np.zeros(len(penalties))
    chosen, block_bits = [], []
    for start, end in zip(ends, ends[1:]):
        along = []
        for penalty in penalties:
            p = probabilities(x[:start], y[:start], x[start:end], k, penalty)
            p = (1 - UNIFORM) * p[np.arange(end - start), y[start:end]] + UNIFORM / k
            along.append(-np.log2(p).sum())
        best = int(np.argmin(costs))
        chosen.append(penalties[best])
        block_bits.append(along[best])
        costs += along
    return dict(
        name=name,
        classes=k,
        x=integers.ravel().tolist(),
        y=y.tolist(),
        ends=ends,
        penalties=penalties,
        chosen=chosen,
        block_bits=block_bits,
        bits=ends[0] * np.log2(k) + sum(block_bits),
    )


def information(name, seed, n, d, k, signal, penalty):
    integers, y = data(seed, n, d, k, signal)
    x, cut = integers / 64, 2 * n // 3
    p = probabilities(x[:cut], y[:cut], x[cut:], k, penalty)
    frequencies = np.bincount(y[:cut], minlength=k) / cut
    constant = np.tile(frequencies, (n - cut, 1))
    labels = np.arange(k)
    entropy = log_loss(y[cut:], constant, labels=labels) / np.log(2)
    cross_entropy = log_loss(y[cut:], p, labels=labels) / np.log(2)
    return dict(
        name=name,
        classes=k,
        x=integers.ravel().tolist(),
        y=y.tolist(),
        train=cut,
        penalty=penalty,
        entropy=entropy,
        bits=entropy - cross_entropy,
    )


PENALTIES = [1e4, 1e2, 1e1, 1e0, 1e-1]
print(
    json.dumps(
        dict(
            code_length=[
                code("narrow", 1, 96, 6, 3, 1.0, [6, 12, 24, 48, 96], PENALTIES),
                code("wide", 2, 64, 70, 4, 0.6, [8, 16, 32, 64], PENALTIES),
                code("two_classes", 3, 60, 5, 2, 0.5, [10, 20, 60], PENALTIES),
            ],
            v_information=[
                information("clear", 4, 90, 8, 3, 1.5, 1.0),
                information("misleading", 5, 60, 40, 5, 0.05, 1e-2),
                information("two_classes", 6, 75, 6, 2, 0.7, 10.0),
            ],
        ),
        separators=(",", ":"),
    )
)
