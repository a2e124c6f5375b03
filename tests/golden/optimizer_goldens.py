"""Golden numbers of the optimizers and learning-rate schedules.

Made with: python 3.11, torch==2.15.0 (CPU), numpy==2.4.6
Run:       python tests/golden/optimizer_goldens.py   (writes optimizers.json beside it)

Seven parameters take 20 steps along the same gradients with each optimizer;
each schedule gives the learning rates of 20 steps.
"""

import json
from pathlib import Path

import torch
from torch.optim import lr_scheduler as schedulers

from samples import numbers

HERE = Path(__file__).parent
STEPS = 20


def single(values):
    return torch.tensor(values, dtype=torch.float32)


def optimize(make):
    parameter = single(numbers(7, 1, 1.0)).requires_grad_()
    optimizer = make([parameter])
    steps = []
    for step in range(STEPS):
        parameter.grad = single(numbers(7, 10 + step, 2.0))
        optimizer.step()
        steps.append(parameter.detach().double().tolist())
    return steps


def rates(make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = make(optimizer)
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def after_warmup(optimizer, scheduler):
    warmup = schedulers.LinearLR(optimizer, start_factor=1 / 4, total_iters=3)
    return schedulers.SequentialLR(optimizer, [warmup, scheduler], milestones=[4])


optim = torch.optim
adam = dict(lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3)
out = {
    "optimizers": {
        "adam": optimize(lambda p: optim.Adam(p, **adam)),
        "adamw": optimize(lambda p: optim.AdamW(p, **adam)),
        "gradient_descent": optimize(lambda p: optim.SGD(p, lr=0.05)),
        "decayed": optimize(lambda p: optim.SGD(p, lr=0.05, weight_decay=0.3)),
        "momentum": optimize(lambda p: optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.3)),
        "dampened": optimize(lambda p: optim.SGD(p, lr=0.05, momentum=0.9, dampening=0.4)),
        "nesterov": optimize(lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.3)),
    },
    "rates": {
        "step": rates(lambda o: schedulers.StepLR(o, 6, 0.2)),
        "cosine": rates(lambda o: schedulers.CosineAnnealingLR(o, STEPS, 0.01)),
        "warm constant": rates(lambda o: after_warmup(o, schedulers.ConstantLR(o, 1.0))),
        "warm step": rates(lambda o: after_warmup(o, schedulers.StepLR(o, 6, 0.2))),
        "warm cosine": rates(lambda o: after_warmup(o, schedulers.CosineAnnealingLR(o, STEPS - 4, 0.01))),
    },
}
(HERE / "optimizers.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
