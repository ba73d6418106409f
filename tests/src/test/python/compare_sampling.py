"""Speed of sampling in Gatun and PyTorch, with the tutorial's model and vocabulary, in one run of alternating processes.

    python compare_sampling.py [--rounds N] [--words N]

Both write from the same weights at a batch of 1 and of 64. Prints each process's milliseconds a step, in which every text of the
batch gets a word (the median over its steps in PyTorch; in Gatun, which does not wait for each, their mean, the first ones
included), then the medians of both. Everything else on the machine should be quiet. It builds Gatun where that is needed.
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
LAUNCHER = HERE.parents[3] / "gatun"
VOCABULARY, EMBED, HIDDEN = 10_000, 128, 1024


def make_run(folder):
    """Writes the folder of a run whose model has its first weights."""
    import torch
    from language_model import LanguageModel, save, weights

    torch.manual_seed(1)
    save(folder / "model.safetensors", weights(LanguageModel(VOCABULARY, EMBED, HIDDEN, 1)))
    (folder / "vocabulary.txt").write_text("".join(f"w{i}\n" for i in range(VOCABULARY)))


def pytorch(folder, batch, words):
    command = [sys.executable, __file__, "--pytorch", folder, "--batch", str(batch), "--words", str(words)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def pytorch_process(folder, batch, words):
    """The tutorial's sampling loop; a process of its own."""
    import torch
    from language_model import load, model_of

    model = model_of(load(folder / "model.safetensors"))
    seconds = []
    with torch.no_grad():
        state = model.zero_state(batch)
        ids = torch.randint(0, VOCABULARY, (batch, 1))
        for _ in range(words):
            start = time.perf_counter()
            output, state = model(ids, state)
            ids = torch.multinomial(output.exp(), num_samples=1)
            seconds.append(time.perf_counter() - start)
    print(1000 * statistics.median(seconds))


def gatun(folder, batch, words):
    command = [LAUNCHER, "sample", "--model", folder, "--device", "host", "--batch", str(batch), "--words", str(words), "--out",
               folder / "sample.txt"]
    errors = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return 1000 * batch / float(re.search(r"([0-9.]+) words/s", errors).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--words", type=int, default=2000, help="words of a text at a batch of 1; an eighth of them at 64")
    parser.add_argument("--pytorch", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.pytorch:
        pytorch_process(args.pytorch, args.batch, args.words)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_run(folder)
        for batch in 1, 64:
            times = {gatun: [], pytorch: []}
            for round in range(args.rounds):
                # The order alternates too, so that neither side always runs right after the other.
                for side in list(times)[:: 1 if round % 2 == 0 else -1]:
                    times[side].append(side(folder, batch, args.words if batch == 1 else args.words // 8))
                    print(f"batch {batch}, {side.__name__}: {times[side][-1]:.2f} ms a step", flush=True)
            medians = {side: statistics.median(values) for side, values in times.items()}
            for side, values in times.items():
                print(f"batch {batch}, median {side.__name__}: {medians[side]:.2f} ms ({min(values):.2f} to {max(values):.2f})")
            print(f"batch {batch}, pytorch / gatun: {medians[pytorch] / medians[gatun]:.2f}")


if __name__ == "__main__":
    main()
