"""The language model in PyTorch."""
import sys
import time

import task as answers
import torch
from torch import nn

# Gatun multiplies in full float32, as PyTorch does elsewhere.
torch.backends.cudnn.allow_tf32 = False


class LanguageModel(nn.Module):
    def __init__(self, task):
        super().__init__()
        self.embed = nn.Embedding(task.vocabulary, task.embed)
        self.lstm = nn.LSTM(task.embed, task.hidden, task.layers, batch_first=True)
        self.linear = nn.Linear(task.hidden, task.vocabulary)

    def forward(self, ids, state):
        out, state = self.lstm(self.embed(ids), state)
        return self.linear(out.reshape(-1, out.size(2))), state


def zero_state(task):
    shape = task.layers, task.batch, task.hidden
    return torch.zeros(shape, device=task.device), torch.zeros(shape, device=task.device)


def train(task, model, forward):
    optimizer = torch.optim.Adam(model.parameters(), lr=task.lr, fused=task.variant != "eager")
    loss_of = nn.CrossEntropyLoss()
    state = zero_state(task)
    for step in range(task.steps):
        start = time.perf_counter()
        logits, state = forward(task.window(step, 0), state)
        loss = loss_of(logits, task.window(step, 1).reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), task.clip)
        optimizer.step()
        state = tuple(part.detach() for part in state)
        answers.step(start, loss.item())


@torch.inference_mode()
def sample(task, model, forward):
    ids, state = torch.ones(task.batch, 1, dtype=torch.int64, device=task.device), zero_state(task)
    for _ in range(task.steps):
        start = time.perf_counter()
        for _ in range(task.seq):
            logits, state = forward(ids, state)
            ids = torch.multinomial(logits.softmax(1), 1)
            ids.tolist()
        answers.text(start)


if __name__ == "__main__":
    task = answers.Task(sys.argv[1:])
    answers.about(f"PyTorch {torch.__version__} on {task.device}")
    model = LanguageModel(task).to(task.device)
    forward = torch.compile(model) if task.variant == "compile" else model
    dict(train=train, sample=sample)[task.mode](task, model, forward)
