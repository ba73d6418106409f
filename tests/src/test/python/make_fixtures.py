"""Makes the committed fixtures: what PyTorch computes over some training steps of small models.

    python make_fixtures.py ../resources/dev/gatun/tests

For each model there is a checkpoint with the initial weights, and a file with the ids (as floats) and, for each step, the
loss, the gradient's norm, all gradients before clipping and all weights after the update, and for ASGD the averages at the end;
its metadata hold the settings.
The state is carried from step to step, and zeroed again before step `reset`.
It also prints how far float32 is from float64 for the same steps, which is what the tests' tolerances rest on.
"""
import copy
import pathlib
import sys

import numpy
import torch

from language_model import LanguageModel, Training, save, weights

STEPS, RESET = 12, 8

# No size is a multiple of another, or of a vector's width. The gradients are clipped in some steps and not in others.
CONFIGS = {
    "one-layer": dict(vocabulary=53, embed=7, hidden=11, layers=1, batch=3, seq=5, clip=0.3),
    "two-layer": dict(vocabulary=101, embed=13, hidden=10, layers=2, batch=4, seq=7, clip=0.24),
    "tied": dict(vocabulary=53, embed=11, hidden=11, layers=2, tied=True, batch=3, seq=5, clip=0.3),
    "projected": dict(vocabulary=53, embed=7, hidden=13, layers=2, projection=5, batch=3, seq=5, clip=0.3),
    "tied-projected": dict(vocabulary=53, embed=6, hidden=13, layers=2, projection=6, tied=True, batch=3, seq=5, clip=0.3),
    "gru": dict(vocabulary=53, embed=7, hidden=11, layers=2, cell="gru", batch=3, seq=5, clip=0.3),
}

# Adam, and the other optimisers on a smaller vocabulary.
ADAM = "Adam", dict(lr=0.002)
OPTIMIZERS = {
    "adamw": ("AdamW", dict(lr=0.002, weight_decay=0.1)),
    "sgd": ("SGD", dict(lr=0.5, weight_decay=0.01)),
    "asgd": ("ASGD", dict(lr=0.5, weight_decay=0.001, t0=4, lambd=0)),
}


def run(model, ids, batch, seq, clip, optimizer, settings):
    """One dict a step: loss, norm, gradients, weights."""
    training = Training(model, batch, clip, optimizer=getattr(torch.optim, optimizer), **settings)
    for step in range(STEPS):
        if step == RESET:
            training.reset_state()
        window = ids[:, step * seq : step * seq + seq + 1]
        loss = training.gradient(window[:, :-1], window[:, 1:])
        gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
        norm = training.update()
        after = {name: p.detach().clone() for name, p in model.named_parameters()}
        state = training.optimizer.state
        averages = {name: state[p]["ax"].clone() for name, p in model.named_parameters() if "ax" in state[p]}
        yield dict(loss=loss.detach(), norm=norm, gradients=gradients, weights=after, averages=averages)


def distance(a, b):
    return ((a.double() - b.double()).norm() / b.double().norm()).item()


def make(name, config, folder, optimizer, settings):
    torch.manual_seed(20 + config["layers"])
    model = LanguageModel(**{key: value for key, value in config.items() if key not in ("batch", "seq", "clip")})
    # Squared uniform numbers: small ids are frequent, as in text, so that an id often occurs twice in a window.
    ids = (torch.rand(config["batch"], STEPS * config["seq"] + 1) ** 2 * config["vocabulary"]).long()
    training = {**{key: config[key] for key in ("batch", "seq", "clip")}, "optimizer": optimizer, "settings": settings}
    exact = list(run(copy.deepcopy(model).double(), ids, **training))
    folder /= name
    folder.mkdir(exist_ok=True)
    save(folder / "initial.safetensors", weights(model))
    steps = list(run(model, ids, **training))
    tensors = {"ids": ids.float(), **{kind: torch.stack([step[kind] for step in steps]) for kind in ("loss", "norm")}}
    for number, step in enumerate(steps):
        for kind in "gradients", "weights":
            tensors |= {f"{kind}.{number}/{key}": value for key, value in step[kind].items()}
    tensors |= {f"averages/{key}": value for key, value in steps[-1]["averages"].items()}
    settings = {**config, "steps": STEPS, "reset": RESET, "learning_rate": settings["lr"], "optimizer": optimizer, **settings}
    expected = {key: value.numpy() for key, value in tensors.items()}
    save(folder / "expected.safetensors", expected, {key: str(value) for key, value in settings.items()})

    print(f"{name}: gradient norms {', '.join(f'{norm:.3f}' for norm in tensors['norm'])}")
    for kind in ["gradients", "weights"] + ["averages"] * (optimizer == "ASGD"):
        worst = max((distance(a[kind][key], b[kind][key]), key, n) for n, (a, b) in enumerate(zip(steps, exact)) for key in a[kind])
        print(f"  float32 against float64, {kind}: at most {worst[0]:.1e} ({worst[1]}, step {worst[2]})")
    for kind in "loss", "norm":
        print(f"  float32 against float64, {kind}: at most {max(distance(a[kind], b[kind]) for a, b in zip(steps, exact)):.1e}")


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    for name, config in CONFIGS.items():
        make(name, config, pathlib.Path(sys.argv[1]), *ADAM)
    for name, optimizer in OPTIMIZERS.items():
        make(name, {**CONFIGS["one-layer"], "vocabulary": 31}, pathlib.Path(sys.argv[1]), *optimizer)
