"""What compare.py asks a program to do, and how the program answers: as Task.java, with variant=eager|fused|compile and device."""
import time

import numpy
import torch


class Task:
    def __init__(self, arguments):
        for argument in arguments:
            name, value = argument.split("=", 1)
            kind = dict(lr=float, clip=float, mode=str, ids=str, variant=str, device=str).get(name, int)
            setattr(self, name, kind(value))
        ids = numpy.fromfile(self.ids, "<i4").astype("int64")
        rows = ids[: len(ids) // self.batch * self.batch].reshape(self.batch, -1)
        self.rows = torch.from_numpy(rows).to(self.device)

    def window(self, step, shift):
        """The ids [N][T] that a training step reads, or, shifted by 1, is to predict."""
        return self.rows[:, step * self.seq + shift :][:, : self.seq]


def about(name):
    print(f"about {name}", flush=True)


def step(start, loss):
    print(f"step {time.perf_counter() - start:.6f} {loss:.6f}", flush=True)


def text(start):
    print(f"text {time.perf_counter() - start:.6f}", flush=True)
