"""Loads a run of `gatun train` into PyTorch, and prints a text's perplexity there: the one that `gatun eval` prints.

    python perplexity.py RUN_DIR TEXT

Needs torch and numpy; a run's model.safetensors is read here, with the package `safetensors` it would be one line. Words only.
"""
import json
import math
import pathlib
import struct
import sys

import numpy
import torch
from torch import nn

ROWS, SHORTEST_ROW = 20, 1000  # a long text is read as rows side by side, as `gatun eval` does


class LanguageModel(nn.Module):
    """The tutorial's module; a GRU where the run has one, and one matrix for embedding and output where it is tied."""

    def __init__(self, tensors):
        super().__init__()
        kind = "gru" if "gru.weight_ih_l0" in tensors else "lstm"
        layers = sum(name.startswith(f"{kind}.weight_ih_l") for name in tensors)
        hidden = tensors[f"{kind}.weight_ih_l0"].shape[0] // (3 if kind == "gru" else 4)
        projection = {"proj_size": len(tensors["lstm.weight_hr_l0"])} if "lstm.weight_hr_l0" in tensors else {}
        vocabulary, embed = tensors["embed.weight"].shape
        self.embed = nn.Embedding(vocabulary, embed)
        self.rnn = nn.GRU(embed, hidden, layers) if kind == "gru" else nn.LSTM(embed, hidden, layers, **projection)
        self.linear = nn.Linear(projection.get("proj_size", hidden), vocabulary)
        tensors = {name.replace(f"{kind}.", "rnn."): value for name, value in tensors.items()}
        self.load_state_dict({"linear.weight": tensors["embed.weight"], **tensors})

    def forward(self, ids, state=None):
        """ids [steps][rows] -> logits [steps][rows][vocabulary], state"""
        out, state = self.rnn(self.embed(ids), state)
        return self.linear(out), state


def read_safetensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = torch.from_numpy(numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).copy())
    return tensors


def read_ids(text, vocabulary):
    ids = {word: i for i, word in enumerate(vocabulary.read_text(encoding="utf-8").split("\n")[:-1])}
    unknown = ids.get("<unk>")
    with open(text, encoding="utf-8") as lines:
        return torch.tensor([ids.get(word, unknown) for line in lines for word in line.split() + ["<eos>"]])


@torch.no_grad()
def perplexity(model, ids):
    predictions = len(ids) - 1
    rows = min(max(len(ids) // SHORTEST_ROW, 1), ROWS)
    length = -(-predictions // rows)
    loss, state = 0.0, None
    for start in range(0, length, 100):
        at = torch.arange(rows) * length + torch.arange(start, min(start + 100, length)).unsqueeze(1)  # [steps][rows]
        inside = at < predictions
        at = at.clamp(max=predictions - 1)
        logits, state = model(ids[at], state)
        losses = nn.functional.cross_entropy(logits.flatten(0, 1), ids[at + 1].flatten(), reduction="none")
        loss += losses[inside.flatten()].double().sum().item()
    return math.exp(loss / predictions)


if __name__ == "__main__":
    run, text = map(pathlib.Path, sys.argv[1:])
    model = LanguageModel(read_safetensors(run / "model.safetensors"))
    print(f"perplexity {perplexity(model, read_ids(text, run / 'vocabulary.txt')):.4f}")
