"""Counts the operations of a training step of pytorch_model.py, and the bytes they read and write, by asking for each one.

Every operation that is no view is at least one kernel on a GPU. On the CPU build the LSTM is one operation forward and one backward,
as with cuDNN; Adam is counted as `foreach`, which PyTorch takes on a GPU, and `fused`.
"""
import collections

import torch
from pytorch_model import LanguageModel
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

BATCH, SEQ = 20, 30


class Count(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.calls = collections.Counter()
        self.bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        # A view has its input's memory; an operation in place has it too, and says so in its schema.
        name = function.overloadpacket._qualified_op_name.removeprefix("aten::")
        read = {part.data_ptr(): part.nbytes for part in tree_leaves((args, kwargs)) if isinstance(part, torch.Tensor)}
        written = {part.data_ptr(): part.nbytes for part in tree_leaves(out) if isinstance(part, torch.Tensor)}
        if function._schema.is_mutable or not set(written) <= set(read):
            self.calls[name] += 1
            # What is changed in place is read and written: foreach operations return nothing, so that it is counted here.
            changed = [arg for arg, of in zip(args, function._schema.arguments) if of.alias_info is not None]
            self.bytes += sum(read.values()) + sum(
                {part.data_ptr(): part.nbytes for part in tree_leaves((changed, out)) if isinstance(part, torch.Tensor)}.values())
        return out


class Sizes:
    vocabulary, embed, hidden, layers = 10000, 128, 1024, 1


def count(**adam):
    model = LanguageModel(Sizes)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002, **adam)
    ids = torch.randint(Sizes.vocabulary, (BATCH, SEQ))
    state = torch.zeros(1, BATCH, Sizes.hidden), torch.zeros(1, BATCH, Sizes.hidden)
    for _ in range(2):  # the first step makes Adam's moments
        with Count() as counted:
            logits, _ = model(ids, state)
            loss = nn.functional.cross_entropy(logits, ids.reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
    return counted


if __name__ == "__main__":
    for adam in (dict(foreach=True), dict(fused=True)):
        counted = count(**adam)
        print(f"Adam {next(iter(adam))}: {counted.calls.total()} operations, {counted.bytes / 1e6:.0f} MB")
        print("  " + ", ".join(f"{name} {number}" for name, number in counted.calls.most_common()))
