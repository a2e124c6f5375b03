"""The work of benches/engine.rs in PyTorch: cnn4 at 64 px in batches of 64.

Made with: python 3.11, torch==2.15.0 (CPU), numpy==2.4.6
Run:       python benches/peers/engine_cnn4.py [threads]

Prints images a second, best and median of 30 runs, of a full training step
(forward, loss, backward, Adam with L2) and of a forward pass, for both memory
formats.
"""

import sys
import time

import torch
import torch.nn.functional as F

SIZE, BATCH, CLASSES, RUNS = 64, 64, 7, 30
torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
torch.manual_seed(0)


class Cnn4(torch.nn.Module):
    def __init__(self):
        super().__init__()
        channels = [3, 32, 64, 128, 128]
        self.convs = torch.nn.ModuleList(
            torch.nn.Conv2d(channels[i], channels[i + 1], 3, padding=1) for i in range(4)
        )
        self.fc1 = torch.nn.Linear(128 * (SIZE // 16) ** 2, 128)
        self.fc2 = torch.nn.Linear(128, CLASSES)

    def forward(self, x):
        for conv in self.convs:
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def measure(name, work):
    for _ in range(3):
        work()
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    print(f"{name}: best {BATCH / seconds[0]:.0f}, median {BATCH / seconds[RUNS // 2]:.0f} images/s", flush=True)


for layout, memory_format in [("contiguous", torch.contiguous_format), ("channels last", torch.channels_last)]:
    network = Cnn4().to(memory_format=memory_format)
    images = torch.randn(BATCH, 3, SIZE, SIZE).contiguous(memory_format=memory_format)
    labels = torch.arange(BATCH) % CLASSES
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, weight_decay=1e-4)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(network(images), labels).backward()
        optimizer.step()

    def forward():
        with torch.no_grad():
            network(images)

    measure(f"{layout}, forward", forward)
    measure(f"{layout}, step", step)
