"""What the scripts here share: the tutorial's model in PyTorch, its training step, its corpus rules, and safetensors files."""
import json
import struct

import numpy
import torch
from torch import nn


class LanguageModel(nn.Module):
    """Embedding, LSTM or GRU, and output layer, with the parameter names that Gatun's checkpoints use."""

    def __init__(self, vocabulary, embed, hidden, layers, cell="lstm", projection=0, tied=False):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, embed)
        if cell == "gru":
            self.gru = nn.GRU(embed, hidden, layers, batch_first=True)
        else:
            self.lstm = nn.LSTM(embed, hidden, layers, batch_first=True, proj_size=projection)
        self.linear = nn.Linear(projection or hidden, vocabulary)
        if tied:
            self.embed.weight = self.linear.weight

    def zero_state(self, batch):
        """A tuple of the hidden state and, of an LSTM, the cell state."""
        layers = self.gru if hasattr(self, "gru") else self.lstm
        widths = [layers.proj_size or layers.hidden_size] + [layers.hidden_size] * hasattr(self, "lstm")
        return tuple(torch.zeros(layers.num_layers, batch, width, dtype=self.embed.weight.dtype) for width in widths)

    def forward(self, ids, state):
        """ids [batch][seq] -> logits [batch * seq][vocabulary], new state"""
        if hasattr(self, "gru"):
            out, hidden = self.gru(self.embed(ids), state[0])
            state = (hidden,)
        else:
            out, state = self.lstm(self.embed(ids), state)
        return self.linear(out.reshape(-1, out.size(2))), state


class Training:
    """The tutorial's step: the state carried but detached, the gradient's norm clipped, Adam or another optimiser."""

    def __init__(self, model, batch, clip, lr, optimizer=torch.optim.Adam, **settings):
        self.model, self.batch, self.clip = model, batch, clip
        self.optimizer = optimizer(model.parameters(), lr=lr, **settings)
        self.loss = nn.CrossEntropyLoss()
        self.reset_state()

    def reset_state(self):
        self.state = self.model.zero_state(self.batch)

    def gradient(self, inputs, targets):
        """Forward and backward over one window, int64 [batch][seq]; returns the loss before the update."""
        logits, self.state = self.model(inputs, tuple(s.detach() for s in self.state))
        loss = self.loss(logits, targets.reshape(-1))
        self.optimizer.zero_grad()
        loss.backward()
        return loss

    def update(self):
        """Clips and updates; returns the gradient's norm before clipping."""
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        self.optimizer.step()
        return norm


def read_ids(path, words=None):
    """The ids of a text and its vocabulary: <eos> ends each line; ids by first appearance, or by a given list of words."""
    ids = {word: i for i, word in enumerate(words)} if words else {}
    lookup = (lambda word: ids.get(word, ids.get("<unk>"))) if words else (lambda word: ids.setdefault(word, len(ids)))
    with open(path, encoding="utf-8") as lines:
        stream = [lookup(word) for line in lines for word in line.split() + ["<eos>"]]
    return torch.tensor(stream), len(ids)


def windows(ids, batch, seq):
    """Pairs of inputs and targets, int64 [batch][seq]."""
    rows = ids[: len(ids) // batch * batch].view(batch, -1)
    for start in range(0, rows.size(1) - seq, seq):
        yield rows[:, start : start + seq], rows[:, start + 1 : start + 1 + seq]


def save(path, tensors, metadata=None):
    """Writes float32 numpy arrays as a safetensors file."""
    header, offset = {"__metadata__": metadata} if metadata else {}, 0
    for name, value in tensors.items():
        assert value.dtype == numpy.float32, name
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            out.write(value.astype("<f4").tobytes())


def load(path):
    """Reads a safetensors file of float32 tensors."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.from_numpy(numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"]).copy())
    return tensors


def weights(model):
    return {name: value.detach().numpy() for name, value in model.state_dict().items()}


def model_of(tensors):
    """A model of the kind and sizes that its weights have; a file without linear.weight is that of a tied one."""
    cell, gates = ("gru", 3) if "gru.weight_hh_l0" in tensors else ("lstm", 4)
    layers = sum(name.startswith(f"{cell}.weight_hh_l") for name in tensors)
    rows, output = tensors[f"{cell}.weight_hh_l0"].shape
    tied = "linear.weight" not in tensors or torch.equal(tensors["linear.weight"], tensors["embed.weight"])
    projection = output if f"{cell}.weight_hr_l0" in tensors else 0
    model = LanguageModel(*tensors["embed.weight"].shape, rows // gates, layers, cell, projection, tied)
    model.load_state_dict({"linear.weight": tensors["embed.weight"], **tensors} if tied else tensors)
    return model
