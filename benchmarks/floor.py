"""Counts what a training step on a GPU must do, part by part, and the time that two cards need for it at least.

    python3 floor.py [--vocabulary V] [--embed E] [--hidden H] [--layers L] [--batch N] [--seq T]

Operations are those of the matrix products and of Adam. Bytes are what each part reads and writes at least: docs/kernels.md has what
the kernels were seen to move; cuDNN's reserve space and what stays in a cache from one part to the next are not counted. A part takes
no less than its operations or its bytes do, and the parts follow one another.
"""
import argparse

# Vendors' figures: operations a second in float32 and in TF32 (dense), bytes a second.
CARDS = {"H100 SXM": (67e12, 495e12, 3.35e12), "RTX 4060": (15e12, 15e12, 0.272e12)}
FLOAT = 4


def parts(v, e, h, l, tokens):
    """Yields each part's name, how it is launched, its operations (in products or not) and its values read and written."""
    x, y, logits = tokens * e, tokens * h, tokens * v
    linear, embed = v * h, v * e
    lstm = sum(4 * h * ((e if layer == 0 else h) + h + 2) for layer in range(l))
    everything = lstm + linear + v + embed
    gates = 2 * tokens * (lstm - 8 * h * l)
    yield "embedding gather", "1 kernel", 0, 2 * x
    yield "LSTM forward", "1 cuDNN call", gates, lstm + x + y
    yield "logits", "1 cuBLAS call", 2 * y * v, y + linear + logits
    yield "cross-entropy, its gradient, mean", "2 kernels", 0, 3 * logits
    yield "gradient of linear.weight", "1 cuBLAS call", 2 * y * v, logits + y + linear
    yield "gradient of linear.bias", "1 kernel", 0, logits
    yield "gradient of the LSTM's output", "1 cuBLAS call", 2 * y * v, logits + linear + y
    yield "LSTM backward, data", "1 cuDNN call", gates, lstm + 2 * y + x
    yield "LSTM backward, weights", "1 cuDNN call, 1 fill", gates, 2 * lstm + x + y
    yield "gradient of embed.weight", "1 kernel, 1 fill", 0, embed + 2 * x
    yield "gradient norm", "2 kernels", 2 * everything, everything
    yield "clip and Adam", "1 kernel", 15 * everything, 7 * everything


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in dict(vocabulary=10000, embed=128, hidden=1024, layers=1, batch=20, seq=30).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    args = parser.parse_args()
    tokens = args.batch * args.seq
    print("| part | launched as | GFLOP | MB | " + " | ".join(f"{card}, float32" for card in CARDS) + " |")
    print("|---|---|---|---|" + "---|" * len(CARDS))
    total = [0, 0]
    floors = {(card, tf32): 0 for card in CARDS for tf32 in (False, True)}
    for name, launched, operations, values in parts(args.vocabulary, args.embed, args.hidden, args.layers, tokens):
        total[0] += operations
        total[1] += values * FLOAT
        times = []
        for card, (float32, tf32, bandwidth) in CARDS.items():
            floor = max(operations / float32, values * FLOAT / bandwidth)
            floors[card, False] += floor
            is_product = "call" in launched
            floors[card, True] += max(operations / (tf32 if is_product else float32), values * FLOAT / bandwidth)
            bound = "operations" if operations / float32 > values * FLOAT / bandwidth else "bytes"
            times.append(f"{floor * 1e6:.0f} µs ({bound})")
        print(f"| {name} | {launched} | {operations / 1e9:.2f} | {values * FLOAT / 1e6:.1f} | {' | '.join(times)} |")
    print(f"| all | | {total[0] / 1e9:.1f} | {total[1] / 1e6:.0f} | "
          + " | ".join(f"{floors[card, False] * 1e6:.0f} µs" for card in CARDS) + " |")
    print()
    for (card, tf32), seconds in floors.items():
        print(f"- {card}, {'TF32' if tf32 else 'float32'}: a step in at least {seconds * 1e3:.2f} ms, "
              f"at most {tokens / seconds:,.0f} words/s")


if __name__ == "__main__":
    main()
