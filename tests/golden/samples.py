"""What the golden scripts share: the numbers both languages compute, and how
long results are stored."""

import numpy as np


def numbers(n, seed, scale):
    """n numbers in [-scale, scale), exact in both languages."""
    mask = np.uint64(0xFFFFFFFF)
    x = (np.arange(1, n + 1, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(seed * 40503)) & mask
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(2246822519)) & mask
    x ^= x >> np.uint64(13)
    return (x.astype(np.float64) / 2.0**32 * 2.0 - 1.0) * scale


def sample(t, count=40):
    """Every `stride`-th number, the sum and the sum of squares."""
    flat = t.detach().reshape(-1).double()
    stride = max(1, len(flat) // count)
    return {
        "len": len(flat),
        "stride": stride,
        "values": flat[::stride].tolist(),
        "sum": flat.sum().item(),
        "squares": (flat * flat).sum().item(),
    }
