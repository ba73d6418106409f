"""Speed and peak memory of Gatun and PyTorch on the tutorial's configuration, in one run of alternating processes.

    python compare_speed.py --data ptb.train.txt [--rounds N] [--steps N]

Prints each process's words a second (the median over its steps but the first three) and its peak resident memory, then the
medians of both. Everything else on the machine should be quiet: the two take turns so that a slow minute hits both.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LAUNCHER = HERE.parents[3] / "gatun"


def run(command):
    """Runs a command to its end and returns its own peak resident memory in MB."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"exit code {process.returncode}: {command}")
    return usage.ru_maxrss / 1024


def pytorch(data, initial, steps, folder):
    out = folder / "pytorch.json"
    memory = run([sys.executable, HERE / "tutorial.py", "train", "--data", data, "--init", initial, "--steps", steps, "--out", out])
    return json.loads(out.read_text())["words_per_second"], memory


def gatun(data, initial, steps, folder):
    memory = run([LAUNCHER, "train", "--data", data, "--preset", "tutorial", "--init", initial, "--steps", steps, "--log-every", 1,
                  "--words", 1, "--out", folder / "run"])
    lines = (folder / "run" / "metrics.jsonl").read_text().splitlines()
    speeds = [line["tokens_per_second"] for line in map(json.loads, lines) if "step" in line and "tokens_per_second" in line]
    return statistics.median(speeds[3:]), memory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    results = {gatun: [], pytorch: []}
    with tempfile.TemporaryDirectory() as folder:
        initial = pathlib.Path(folder) / "initial.safetensors"
        run([sys.executable, HERE / "tutorial.py", "init", "--data", args.data, "--out", initial])
        for round in range(args.rounds):
            # The order alternates too, so that neither side always runs right after the other.
            for side in list(results)[:: 1 if round % 2 == 0 else -1]:
                with tempfile.TemporaryDirectory() as run_folder:
                    results[side].append(side(args.data, initial, args.steps, pathlib.Path(run_folder)))
                print(f"{side.__name__}: {results[side][-1][0]:.0f} words/s, {results[side][-1][1]:.0f} MB", flush=True)
    speed = {side: statistics.median(value[0] for value in values) for side, values in results.items()}
    for side, values in results.items():
        print(f"median {side.__name__}: {speed[side]:.0f} words/s, {statistics.median(value[1] for value in values):.0f} MB")
    print(f"gatun / pytorch: {speed[gatun] / speed[pytorch]:.2f}")


if __name__ == "__main__":
    main()
