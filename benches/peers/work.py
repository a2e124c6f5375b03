"""The work of `layerprobe bench` in PyTorch: one process, one measurement.

Run: python benches/peers/work.py train|extract ARCH IMAGE_SIZE BATCH STEPS THREADS contiguous|channels_last

Prints one JSON object: images a second (median of the steps, after two that
are not measured), and the process's peak memory with and without the work.
"""

import json
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

import networks

CLASSES, WARM_UP = 7, 2


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


work, arch, size, batch, steps, threads, layout = sys.argv[1:]
size, batch, steps = int(size), int(batch), int(steps)
torch.set_num_threads(int(threads))
torch.manual_seed(0)
formats = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
# what loading PyTorch and its first operations cost is not the work's
F.conv2d(torch.zeros(1, 3, 8, 8), torch.zeros(4, 3, 3, 3)).sum().item()
bare = peak()

network = networks.network(arch, size, CLASSES).to(memory_format=formats[layout])
images = torch.randn(batch, 3, size, size).contiguous(memory_format=formats[layout])
labels = torch.arange(batch) % CLASSES

if work == "train":
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4, weight_decay=1e-4)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()

else:
    network.eval()

    def step():
        with torch.inference_mode():
            network(images)


seconds = []
for i in range(WARM_UP + steps):
    start = time.perf_counter()
    step()
    if i >= WARM_UP:
        seconds.append(time.perf_counter() - start)
print(
    json.dumps(
        {
            "images_per_second": batch / statistics.median(seconds),
            "peak_rss_bytes": peak(),
            "bare_rss_bytes": bare,
        }
    )
)
