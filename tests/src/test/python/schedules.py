"""PyTorch's losses and learning rates over a few training steps under each of its schedulers.

    python schedules.py --data text.txt --init initial.safetensors --out result.json --steps N --batch N --seq N --lr X

The result holds, for each schedule, the steps' losses and the learning rates that they were made with.
"""
import argparse
import itertools
import json

import torch
from torch.optim import lr_scheduler

from language_model import Training, load, model_of, read_ids, windows

WARMUP, MILESTONES, FACTOR, EVAL_EVERY = 3, [2, 5, 6], 0.25, 2


def make(name, optimizer, steps):
    if name == "warmup":
        return lr_scheduler.LambdaLR(optimizer, lambda step: min(1, (step + 1) / WARMUP))
    if name == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, steps)
    if name == "steps":
        return lr_scheduler.MultiStepLR(optimizer, MILESTONES, FACTOR)
    return lr_scheduler.ReduceLROnPlateau(optimizer, factor=FACTOR, patience=0)


@torch.no_grad()
def text_loss(model, ids):
    """The mean loss of a whole text, read as one row."""
    logits, _ = model(ids[None, :-1], model.zero_state(1))
    return torch.nn.functional.cross_entropy(logits, ids[1:]).item()


def train(name, args, ids):
    training = Training(model_of(load(args.init)), args.batch, 0.5, args.lr)
    scheduler = make(name, training.optimizer, args.steps)
    losses, rates = [], []
    for inputs, targets in itertools.islice(windows(ids, args.batch, args.seq), args.steps):
        rates.append(training.optimizer.param_groups[0]["lr"])
        losses.append(training.gradient(inputs, targets).item())
        training.update()
        if name != "plateau":
            scheduler.step()
        elif len(losses) % EVAL_EVERY == 0:
            scheduler.step(text_loss(training.model, ids))
    return {"losses": losses, "rates": rates}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in "data", "init", "out":
        parser.add_argument(f"--{name}", required=True)
    for name in "steps", "batch", "seq":
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    args = parser.parse_args()
    ids, _ = read_ids(args.data)
    with open(args.out, "w") as out:
        json.dump({name: train(name, args, ids) for name in ("warmup", "cosine", "steps", "plateau")}, out)


if __name__ == "__main__":
    main()
