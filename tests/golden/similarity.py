"""Reference values of RSA and CKA.

Made with Python 3.11, numpy==2.4.6, scipy==1.17.1:

    pip install numpy==2.4.6 scipy==1.17.1
    python tests/golden/similarity.py > tests/golden/similarity.json

Activations are multiples of 1/16 (the file stores the integers). RDMs are
SciPy's pdist, RSA its pearsonr and spearmanr. CKA has nothing of the program's
arithmetic: the biased estimator is computed from features,
||Y^T X||^2 / (||X^T X|| ||Y^T Y||) with columns centered (Kornblith et al. 2019,
section 3), the unbiased one by enumerating distinct stimuli in the definition
E[K12 L12] + E[K12] E[L34] - 2 E[K12 L13], and once more by Song et al. 2012,
equation 5.

resampled: the same statistics when some stimuli are taken several times (weights),
pairs of a stimulus with its own copy left out, by enumeration.
"""

import itertools
import json

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr, rankdata, spearmanr


def cka_biased(x, y):
    x, y = x - x.mean(0), y - y.mean(0)
    norm = np.linalg.norm
    return norm(y.T @ x) ** 2 / (norm(x.T @ x) * norm(y.T @ y))


def hsic_song(k, l):
    n = len(k)
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))
    a = np.trace(k @ l)
    b = k.sum() * l.sum() / ((n - 1) * (n - 2))
    c = 2 / (n - 2) * (k @ l).sum()
    return (a + b - c) / (n * (n - 3))


def hsic_distinct(k, l, w):
    """Weighted means over tuples of distinct stimuli, by enumeration."""
    n = len(k)

    def mean(size, value):
        tuples = np.array(list(itertools.permutations(range(n), size)))
        weights = w[tuples].prod(1)
        return (weights * value(*tuples.T)).sum() / weights.sum()

    return (
        mean(2, lambda i, j: k[i, j] * l[i, j])
        + mean(4, lambda i, j, p, q: k[i, j] * l[p, q])
        - 2 * mean(3, lambda i, j, p: k[i, j] * l[i, p])
    )


def ratio(hsic, k, l, *more):
    return hsic(k, l, *more) / np.sqrt(hsic(k, k, *more) * hsic(l, l, *more))


def centered(x):
    x = x - x.mean(0)
    return x @ x.T


def copies(w):
    return np.repeat(np.arange(len(w)), w)


def resampled(x, y, a, b, w):
    """The statistics over the copies, without pairs of one stimulus."""
    taken = copies(w)
    first, second = np.triu_indices(len(taken), 1)
    apart = taken[first] != taken[second]
    i, j = taken[first[apart]], taken[second[apart]]
    a, b = squareform(a)[i, j], squareform(b)[i, j]
    k, l = centered(x), centered(y)
    keep = (taken[:, None] != taken[None, :]) | np.eye(len(taken), dtype=bool)

    def biased(k, l):
        k, l = (m[np.ix_(taken, taken)] * keep for m in (k, l))
        rows = keep.sum(1)
        mean = lambda m: m.sum() / keep.sum()
        return mean(k * l) + mean(k) * mean(l) - 2 * (k.sum(1) / rows * l.sum(1) / rows).mean()

    return dict(
        weights=w.tolist(),
        rsa_pearson=pearsonr(a, b)[0],
        rsa_spearman=spearmanr(a, b)[0],
        cka=ratio(biased, k, l),
        cka_debiased=ratio(hsic_distinct, k, l, w.astype(float)),
    )


def case(name, n, seed, dims, shared, coarse=None):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 3))
    sides = []
    for d in dims:
        side = shared * common @ rng.normal(size=(3, d)) + rng.normal(size=(n, d)) + rng.normal(size=d)
        side = np.round(side * (16 if coarse is None else coarse))
        sides.append(side.astype(int))
    x, y = (side / 16 for side in sides)
    out = dict(name=name, n=n, dims=list(dims), x=sides[0].ravel().tolist(), y=sides[1].ravel().tolist())
    constant = (np.ptp(x, axis=1) == 0).any() or (np.ptp(y, axis=1) == 0).any()
    for distance in (["euclidean"] if constant else ["correlation", "euclidean"]):
        a, b = pdist(x, distance), pdist(y, distance)
        out[distance] = dict(
            a=a.tolist() if n <= 24 else [],
            rsa_pearson=pearsonr(a, b)[0],
            rsa_spearman=spearmanr(a, b)[0],
            ties=int(len(a) - len(set(rankdata(a)))),
        )
    k, l = centered(x), centered(y)
    ones = np.ones(n)
    out["cka"] = cka_biased(x, y)
    out["cka_debiased"] = ratio(hsic_song, k, l)
    if n <= 24:
        assert abs(ratio(hsic_distinct, k, l, ones) - out["cka_debiased"]) < 1e-12
        weights = rng.multinomial(n, np.full(n, 1 / n), size=3)
        a, b = pdist(x, "euclidean"), pdist(y, "euclidean")
        out["resampled"] = [resampled(x, y, a, b, w) for w in weights]
    return out


print(
    json.dumps(
        [
            case("wide", 22, 1, (40, 7), 1.0),
            case("unrelated", 23, 2, (60, 60), 0.0),
            case("narrow", 60, 3, (8, 5), 0.5),
            case("ties", 40, 4, (3, 4), 0.6, coarse=1),
        ],
        separators=(",", ":"),
    )
)
