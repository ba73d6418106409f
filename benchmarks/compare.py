"""Compares Gatun with PyTorch, DJL and DL4J at the same training steps and samples; run.sh calls it with what it needs.

Each measurement is a process of its own that sees the same processors and thread count. Systems take turns, in an order that
alternates from round to round. Writes NAME.json (every raw value), NAME.md (tables) and NAME.svg (a picture).
"""
import argparse
import os
import pathlib
import sys
import tempfile

import ids
import measure
import report
import systems

CONFIGURATIONS = {
    "tutorial": dict(vocabulary=10000, embed=128, hidden=1024, layers=1, batch=20, seq=30),
    "medium": dict(vocabulary=10000, embed=650, hidden=650, layers=2, batch=20, seq=35),
    "small": dict(vocabulary=10000, embed=256, hidden=256, layers=1, batch=32, seq=32),
}
LEARNING_RATE = 0.002
CLIP = 0.5
WARM_UP = 5
# Steps of the process that comes before those that are measured.
FIRST_STEPS = 20
# Sampling: of the tutorial's model, so many words a text, in so many texts at once.
TEXT_WORDS = 100
TEXT_BATCHES = (1, 64)
TEXTS = 3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, help="a text, a sentence a line; without it, ids drawn from Zipf's law")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8, help=f"steps measured in a process, after {WARM_UP} to warm up")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="processors, and threads of each system")
    parser.add_argument("--systems", nargs="*", help="names, as in the table; without it, all")
    parser.add_argument("--configurations", nargs="*", choices=CONFIGURATIONS, default=list(CONFIGURATIONS))
    parser.add_argument("--limit", type=int, default=300, help="seconds after which a process is ended")
    parser.add_argument("--out", type=pathlib.Path, help="the results' path without its ending; without it, results/cpu or results/gpu")
    return parser.parse_args()


def tasks(chosen, steps):
    """Yields each task's kind and the values that a program gets."""
    for name in chosen:
        yield name, dict(CONFIGURATIONS[name], mode="train", steps=WARM_UP + steps)
    for batch in TEXT_BATCHES:
        yield f"sample {batch}", dict(CONFIGURATIONS["tutorial"], mode="sample", batch=batch, seq=TEXT_WORDS, steps=1 + TEXTS)


def main():
    args = arguments()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: args.threads])
    gpu = systems.has_gpu()
    machine = dict(systems.machine(args.threads), load_at_start=os.getloadavg(), priority=measure.priority())
    result = dict(command=" ".join(["benchmarks/run.sh", *sys.argv[1:]]), machine=machine, warm_up=WARM_UP,
                  configurations=CONFIGURATIONS, text_words=TEXT_WORDS, systems={}, left_out={}, runs=[])
    with tempfile.TemporaryDirectory() as folder:
        file = ids.write(args.data, pathlib.Path(folder) / "ids", CONFIGURATIONS["tutorial"]["vocabulary"])
        common = dict(ids=file, lr=LEARNING_RATE, clip=CLIP)

        def run(system, values, first=False):
            return measure.run(system.command(dict(common, **values), first), args.threads, args.limit)

        usable = []
        for system in systems.all_systems(gpu):
            if args.systems and system.name not in args.systems:
                continue
            # What is unpacked or kept on first use is then there, and what does not work is known.
            first = system.missing or run(system, dict(CONFIGURATIONS["small"], mode="train", steps=FIRST_STEPS), True).get("failure")
            if first:
                result["left_out"][system.name] = first
                print(f"{system.name} is left out: {first}", file=sys.stderr)
            else:
                usable.append(system)
                result["systems"][system.name] = system.facts()
        for round in range(args.rounds):
            for kind, values in tasks(args.configurations, args.steps):
                turn = [system for system in usable if system.samples or values["mode"] == "train"]
                for system in turn[:: 1 if round % 2 == 0 else -1]:
                    measured = dict(system=system.name, kind=kind, round=round, **run(system, values))
                    result["runs"].append(measured)
                    print(report.progress(measured, values, WARM_UP), file=sys.stderr, flush=True)
    machine["load_at_end"] = os.getloadavg()
    report.write(result, args.out or pathlib.Path(__file__).parent / "results" / ("gpu" if gpu else "cpu"))


if __name__ == "__main__":
    main()
