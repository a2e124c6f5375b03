"""How near single precision stays to the truth, layer by layer: ours and PyTorch's.

Networks of torchvision with its random initial weights, in eval mode, on random
images; every layer's error is the largest difference to PyTorch in double
precision, relative to the layer's largest number. With --own-statistics the
batch norms first take the statistics of a batch, as in a trained network: every
layer is then normalized anew, and rounding errors grow from block to block,
whoever makes them.

Run by `benches/peers/run parity`.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file, save_file

LAYERS = {
    "alexnet": ["features.2", "features.5", "features.7", "features.9", "features.12", "classifier.2", "classifier.6"],
    "resnet18": ["relu", "layer1.1", "layer2.1", "layer3.1", "layer4.1", "avgpool", "fc"],
    "resnet50": ["relu", "layer1.2", "layer2.3", "layer3.5", "layer4.2", "avgpool", "fc"],
}

parser = argparse.ArgumentParser(prog="benches/peers/run parity", description=__doc__)
parser.add_argument("--arch", choices=list(LAYERS), action="append", help="may be given several times [all]")
parser.add_argument("--image-size", type=int, default=224, help="[224]")
parser.add_argument("--seeds", type=int, default=3, help="networks of each [3]")
parser.add_argument("--own-statistics", action="store_true", help="batch norms take a batch's statistics first")
parser.add_argument("program", help="the layerprobe program, built for release")
arguments = parser.parse_args()


def activations(network, images, layers):
    """What each layer gives."""
    found, hooks = {}, []
    for layer in layers:
        module = network.bn1 if layer == "relu" else network.get_submodule(layer)

        def keep(_module, _input, output, layer=layer):
            output = output.detach().double().clone()
            found[layer] = output.relu() if layer == "relu" else output

        hooks.append(module.register_forward_hook(keep))
    with torch.inference_mode():
        network(images)
    for hook in hooks:
        hook.remove()
    return found


def ours(folder, arch, network, images, layers):
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, folder / "w.safetensors")
    save_file({"images": images}, folder / "x.safetensors")
    command = [arguments.program, "extract", "--arch", arch, "--weights", folder / "w.safetensors", "--quiet"]
    command += ["--input", folder / "x.safetensors", "--layers", ",".join(layers), "--out", folder / "a.safetensors"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return load_file(folder / "a.safetensors")


def network_and_images(arch, seed):
    torch.manual_seed(seed)
    network = getattr(torchvision.models, arch)(num_classes=7)
    size = arguments.image_size
    if arguments.own_statistics:
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
        with torch.no_grad():
            network.train()(torch.randn(8, 3, size, size))
    return network.eval(), torch.randn(2, 3, size, size)


print("largest error relative to the layer's largest number, worst of the seeds")
print("| network | layer | layerprobe | PyTorch | channels-last | ours to PyTorch's | PyTorch's two formats |")
print("| --- | --- | --- | --- | --- | --- | --- |")
with tempfile.TemporaryDirectory() as folder:
    for arch in arguments.arch or LAYERS:
        worst = {}
        for seed in range(arguments.seeds):
            network, images = network_and_images(arch, seed)
            layers = LAYERS[arch]
            mine = ours(Path(folder), arch, network, images, layers)
            single = activations(network, images, layers)
            last = network.to(memory_format=torch.channels_last)
            last = activations(last, images.contiguous(memory_format=torch.channels_last), layers)
            exact = activations(network.double(), images.double(), layers)
            for layer in layers:
                scale = exact[layer].abs().max()
                flat = [a[layer].double().flatten(1) for a in (mine, single, last, exact)]
                pairs = [(0, 3), (1, 3), (2, 3), (0, 1), (1, 2)]
                errors = [((flat[a] - flat[b]).abs().max() / scale).item() for a, b in pairs]
                worst[layer] = [max(e) for e in zip(errors, worst.get(layer, errors))]
        for layer, errors in worst.items():
            print(f"| {arch} | {layer} | {' | '.join(f'{e:.1e}' for e in errors)} |", flush=True)
