"""PyTorch's side of comparisons on a real text: the tutorial's training, and the perplexity of a saved model
or its score of each word.

    python tutorial.py init  --data ptb.train.txt --out initial.safetensors [--seed N] [sizes]
    python tutorial.py train --data ptb.train.txt --init initial.safetensors --steps N [--out metrics.json] [--save F] [options]
    python tutorial.py perplexity --model F.safetensors --vocabulary vocabulary.txt --data F --batch N --seq N
    python tutorial.py score --model F.safetensors --vocabulary vocabulary.txt --data F

The defaults are the tutorial's. Results are written as JSON to --out or standard output, progress to standard error.
"""
import argparse
import itertools
import json
import math
import statistics
import sys
import time

import torch

from language_model import LanguageModel, Training, load, model_of, read_ids, save, weights, windows


def init(args):
    _, words = read_ids(args.data)
    torch.manual_seed(args.seed)
    save(args.out, weights(LanguageModel(words, args.embed, args.hidden, args.layers, args.cell, args.proj, args.tie)))


def train(args):
    ids, _ = read_ids(args.data)
    training = Training(model_of(load(args.init)), args.batch, args.clip, args.lr)
    losses, norms, seconds = [], [], []
    for _ in range(args.epochs):
        training.reset_state()
        for inputs, targets in itertools.islice(windows(ids, args.batch, args.seq), args.steps - len(losses)):
            start = time.perf_counter()
            loss = training.gradient(inputs, targets)
            norm = training.update()
            losses.append(loss.item())
            norms.append(norm.item())
            seconds.append(time.perf_counter() - start)
            if len(losses) % 100 == 1:
                print(f"step {len(losses) - 1}: perplexity {math.exp(losses[-1]):.1f}", file=sys.stderr)
    if args.save:
        save(args.save, weights(training.model))
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    warm = seconds[min(3, len(seconds) - 1) :]
    return {
        "losses": losses,
        "norms": norms,
        "perplexity_every_100": [math.exp(loss) for loss in losses[::100]],
        "words_per_second": args.batch * args.seq / statistics.median(warm),
        "peak_memory_mb": peak / 1024,
    }


@torch.no_grad()
def perplexity(args):
    with open(args.vocabulary, encoding="utf-8") as words:
        ids, _ = read_ids(args.data, words.read().splitlines())
    model = model_of(load(args.model))
    state, loss, count = model.zero_state(args.batch), 0.0, 0
    for inputs, targets in windows(ids, args.batch, args.seq):
        logits, state = model(inputs, state)
        loss += torch.nn.functional.cross_entropy(logits, targets.reshape(-1)).item()
        count += 1
    return {"perplexity": math.exp(loss / count), "windows": count}


@torch.no_grad()
def score(args):
    """The log-probability of each word of a text but its first, after all words before."""
    with open(args.vocabulary, encoding="utf-8") as words:
        ids, _ = read_ids(args.data, words.read().splitlines())
    model = model_of(load(args.model))
    logits, _ = model(ids[None, :-1], model.zero_state(1))
    return {"scores": (-torch.nn.functional.cross_entropy(logits, ids[1:], reduction="none")).tolist()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["init", "train", "perplexity", "score"])
    parser.add_argument("--cell", choices=["lstm", "gru"], default="lstm")
    parser.add_argument("--proj", type=int, default=0)
    parser.add_argument("--tie", action="store_true")
    for name in "data", "init", "save", "model", "vocabulary", "out":
        parser.add_argument(f"--{name}")
    for name, default in dict(embed=128, hidden=1024, layers=1, batch=20, seq=30, epochs=5, steps=2**31, seed=1, threads=0).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in dict(clip=0.5, lr=0.002).items():
        parser.add_argument(f"--{name}", type=float, default=default)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    result = dict(init=init, train=train, perplexity=perplexity, score=score)[args.command](args)
    if result and args.out:
        with open(args.out, "w") as out:
            json.dump(result, out)
    elif result:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
