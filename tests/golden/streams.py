"""Keys and draws of named streams, for layerprobe-streams.

Made with Python 3.11 and its standard library alone:

    python tests/golden/streams.py

Writes streams.csv beside this file: one row a key, or the first draws of one kind
from a fresh stream. `names` are derived one below the other and parted by spaces,
as are `values`; `argument` is what a draw is asked for.

BLAKE3 and ChaCha8 are written down from their papers and checked here against
published vectors; the draws from their definitions: `word` is 8 bytes of the
cipher's stream, `uniform` its upper 53 bits, `below` Lemire's high half, `shuffle`
that of Fisher and Yates from the end, `normal` the cosine half of Box and Muller.
"""

import csv
import itertools
import math
import pathlib
import struct

MASK = 2**32 - 1
FRACTIONS = "6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19"
IV = struct.unpack(">8I", bytes.fromhex(FRACTIONS))
PERMUTED = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
START, END, ROOT, KEYED, CONTEXT, MATERIAL = 1, 2, 8, 16, 32, 64


def left(x, by):
    return (x << by | x >> (32 - by)) & MASK


def blake3(data, key=IV, use=0):
    """The hash of at most 1024 bytes, which make one chunk."""
    assert len(data) <= 1024
    blocks = [data[at : at + 64] for at in range(0, len(data), 64)] or [b""]
    for number, block in enumerate(blocks):
        flags = use | (START if number == 0 else 0)
        flags |= END | ROOT if number == len(blocks) - 1 else 0
        m = struct.unpack("<16I", block.ljust(64, b"\0"))
        v = [*key, *IV[:4], 0, 0, len(block), flags]
        for _ in range(7):
            for (a, b, c, d), (x, y) in zip(COLUMNS + DIAGONALS, zip(m[::2], m[1::2])):
                v[a] = (v[a] + v[b] + x) & MASK
                v[d] = left(v[d] ^ v[a], 16)
                v[c] = (v[c] + v[d]) & MASK
                v[b] = left(v[b] ^ v[c], 20)
                v[a] = (v[a] + v[b] + y) & MASK
                v[d] = left(v[d] ^ v[a], 24)
                v[c] = (v[c] + v[d]) & MASK
                v[b] = left(v[b] ^ v[c], 25)
            m = [m[place] for place in PERMUTED]
        key = [v[i] ^ v[i + 8] for i in range(8)]
    return struct.pack("<8I", *key)


def keyed_hash(key, data, use=KEYED):
    return blake3(data, struct.unpack("<8I", key), use)


def derive_key(context, material):
    return keyed_hash(blake3(context, use=CONTEXT), material, MATERIAL)


def chacha8(key, stream):
    """The cipher's 64-byte blocks, one after the other."""
    for block in itertools.count():
        start = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<2Q", block, stream))
        v = list(start)
        for _ in range(4):
            for a, b, c, d in COLUMNS + DIAGONALS:
                for to, other, by in ((a, d, 16), (c, b, 12), (a, d, 8), (c, b, 7)):
                    add = b if to == a else d
                    v[to] = (v[to] + v[add]) & MASK
                    v[other] = left(v[other] ^ v[to], by)
        yield struct.pack("<16I", *((x + y) & MASK for x, y in zip(v, start)))


def check():
    friend, sequence = b"whats the Elvish word for friend", bytes(range(65))
    context = b"BLAKE3 2019-12-27 16:29:52 test vectors context"
    # https://github.com/BLAKE3-team/BLAKE3/blob/master/test_vectors/test_vectors.json
    for found, begin in [
        (blake3(b""), "af1349b9f5f9a1a6a0404dea36dcc949"),
        (keyed_hash(friend, b""), "92b2b75604ed3c761f9d6f62392c8a92"),
        (derive_key(context, b""), "2cc39783c223154fea8dfb7c1b1660f2"),
        (blake3(sequence), "de1e5fa0be70df6d2be8fffd0e99ceaa"),
        (keyed_hash(friend, sequence), "c0a4edefa2d2accb9277c371ac12fcdb"),
        (derive_key(context, sequence), "51fd05c3c1cfbc8ed67d139ad76f5cf8"),
        # draft-strombergson-chacha-test-vectors-01, TC1, 8 rounds, 256 bits
        (next(chacha8(bytes(32), 0)), "3e00ef2f895f40d67f5bb8e81f09a5a1"),
    ]:
        assert found.hex().startswith(begin), begin


def key_of(seed, names):
    key = derive_key(b"layerprobe 2026 stream key v1", struct.pack("<Q", seed))
    for name in names.split(" ") if names else []:
        key = keyed_hash(key, name.encode())
    return key


class Stream:
    def __init__(self, key, index):
        blocks = (struct.unpack("<8Q", block) for block in chacha8(key, index))
        self.words = itertools.chain.from_iterable(blocks)

    def word(self):
        return next(self.words)

    def uniform(self):
        return (self.word() >> 11) / 2**53

    def uniform_in(self, low, high):
        return low + (high - low) * self.uniform()

    def below(self, n):
        while True:
            high, low = divmod(self.word() * n, 2**64)
            if low >= 2**64 % n:
                return high

    def bernoulli(self, p):
        return int(self.uniform() < p)

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())

    def shuffle(self, items):
        items = list(items)
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items

    def permutation(self, n):
        return self.shuffle(range(n))


ANGLE = "data/render shape_angle"
LONG = "init/a-name-longer-than-the-64-bytes-that-one-block-of-the-hash-takes-in"
SEEDS = [0, 1, 2**64 - 1]
NAMES = ["data/render", ANGLE, "a b", "a/b", LONG, "größe"]
INDICES = [0, 1, 2**32, 2**64 - 1]
# a power of two, and bounds for which every second or fourth word is drawn again
BOUNDS = [1, 2, 3, 10, 1000, 2**32 + 1, 3 * 2**62, 2**63, 2**63 + 1, 2**64 - 1]


def rows():
    for seed, names in [*((seed, "") for seed in SEEDS), *((0, names) for names in NAMES)]:
        yield seed, names, "", "key", "", [key_of(seed, names).hex()]

    def drawn(draw, argument="", count=12, index=17):
        stream = Stream(key_of(0, ANGLE), index)
        arguments = [float(a) if "." in a else int(a) for a in argument.split()]
        values = [getattr(stream, draw)(*arguments) for _ in range(count)]
        return 0, ANGLE, index, draw, argument, values

    # the generator makes 32 words at a time
    yield drawn("word", count=40)
    for index in INDICES:
        yield drawn("word", count=4, index=index)
    yield drawn("uniform")
    yield drawn("uniform_in", "-3.0 7.5")
    for bound in BOUNDS:
        yield drawn("below", str(bound))
    for p in ["-0.5", "0.0", "0.3", "1.0"]:
        yield drawn("bernoulli", p)
    yield drawn("normal")
    for n in [0, 1, 10]:
        *start, orders = drawn("permutation", str(n), 2)
        # the second order goes on in the stream where the first has ended
        yield *start, sum(orders, [])
    letters = Stream(key_of(0, ANGLE), 17).shuffle("abcdefghij")
    yield 0, ANGLE, 17, "shuffle", "abcdefghij", letters


def main():
    check()
    path = pathlib.Path(__file__).with_suffix(".csv")
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["seed", "names", "index", "draw", "argument", "values"])
        for *start, values in rows():
            # floats as the shortest text that gives them again
            writer.writerow([*start, " ".join(map(str, values))])


if __name__ == "__main__":
    main()
