"""Makes the committed fixtures of mixed precision: training steps that round to bfloat16 or float16 where Gatun's software device does.

    python make_mixed_fixtures.py ../resources/dev/gatun/tests

The files are those of make_fixtures.py, and the loss scale that each step was computed with. docs/precision.md lists the points of
rounding. The scale, skipped steps, clipping and Adam are PyTorch's own (torch.amp.GradScaler). It also prints how far apart runs
are that differ in nothing but the order of sums, which is what the tests' tolerances rest on, and how far
float32 is from bfloat16.
"""
import pathlib
import sys

import torch

from language_model import LanguageModel, save, weights
from make_fixtures import distance

STEPS, RESET, LEARNING_RATE = 12, 8, 0.002
CONFIG = dict(vocabulary=31, embed=6, hidden=8, layers=2, batch=3, seq=5, clip=0.5)
TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}

# With weights as large as these the gradient of the hidden states overflows float16 at the first loss scale.
LARGE = 60


class Rounded(torch.autograd.Function):
    """The nearest number of a type; its gradient is not rounded."""

    @staticmethod
    def forward(context, x, dtype):
        return x.to(dtype).to(x.dtype)

    @staticmethod
    def backward(context, gradient):
        return gradient, None


class MixedTraining:
    """The training step with float32 master weights and 16-bit copies, tensor by tensor."""

    def __init__(self, model, dtype, accumulate):
        self.model, self.dtype, self.accumulate = model, dtype, accumulate
        self.optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
        self.scaler = torch.amp.GradScaler("cpu", enabled=dtype == torch.float16)
        self.scaler.scale(torch.ones(()))
        self.reset_state()

    def round(self, x):
        return Rounded.apply(x, self.dtype)

    def copy(self, x):
        """A leaf of the rounded values, in the type that sums are made in."""
        return self.round(x.detach()).to(self.accumulate).requires_grad_()

    def reset_state(self):
        shape = CONFIG["layers"], CONFIG["batch"], CONFIG["hidden"]
        self.h, self.c = torch.zeros(shape, dtype=self.accumulate), torch.zeros(shape, dtype=self.accumulate)

    def lstm(self, x, w):
        """x [T][N][E] -> y [T][N][H]; keeps the last states."""
        hs, cs = [], []
        for layer in range(CONFIG["layers"]):
            h, c, outputs = self.h[layer], self.c[layer], []
            for step in x:
                gates = step @ w[f"weight_ih_l{layer}"].T + h @ w[f"weight_hh_l{layer}"].T
                i, f, g, o = (gates + w[f"bias_ih_l{layer}"] + w[f"bias_hh_l{layer}"]).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = self.round(o.sigmoid() * c.tanh())
                outputs.append(h)
            x = torch.stack(outputs)
            hs.append(h.detach())
            cs.append(self.round(c.detach()))
        self.h, self.c = torch.stack(hs), torch.stack(cs)
        return x

    def gradient(self, inputs, targets):
        """Sets the parameters' gradients times the loss scale, from ids [N][T]; returns the loss."""
        model, scale = self.model, self.scaler.get_scale()
        lstm = {name: self.copy(p) for name, p in model.lstm.named_parameters()}
        projection = self.copy(model.linear.weight)
        x = self.copy(model.embed(inputs.T))
        y = self.lstm(x, lstm)
        rows = y.detach().flatten(0, 1)
        logits = (rows @ projection.detach().T).float().requires_grad_()
        bias = model.linear.bias.detach().requires_grad_()
        loss = torch.nn.functional.cross_entropy(logits + bias, targets.T.flatten())
        d_logits, d_bias = torch.autograd.grad(loss, [logits, bias])
        d_logits = self.round(d_logits * scale).to(self.accumulate)
        d_y = self.round(d_logits @ projection.detach())
        d_x, *d_lstm = torch.autograd.grad(y, [x, *lstm.values()], d_y.view_as(y))
        model.linear.bias.grad = d_bias * scale
        model.linear.weight.grad = (d_logits.T @ rows).float()
        for parameter, gradient in zip(model.lstm.parameters(), d_lstm):
            parameter.grad = self.round(gradient).float()
        model.embed.weight.grad = torch.zeros_like(model.embed.weight)
        model.embed.weight.grad.index_add_(0, inputs.T.flatten(), self.round(d_x).float().flatten(0, 1))
        return loss.detach()

    def step(self, inputs, targets):
        """One dict: loss, norm, loss scale, gradients before clipping, weights."""
        scale = torch.tensor(self.scaler.get_scale())
        loss = self.gradient(inputs, targets)
        self.scaler.unscale_(self.optimizer)
        gradients = {name: p.grad.clone() for name, p in self.model.named_parameters()}
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), CONFIG["clip"])
        self.scaler.step(self.optimizer)
        self.scaler.update()
        after = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        return dict(loss=loss, norm=norm, scale=scale, gradients=gradients, weights=after)


def initial(name):
    torch.manual_seed(23)
    model = LanguageModel(*(CONFIG[key] for key in ("vocabulary", "embed", "hidden", "layers")))
    with torch.no_grad():
        model.linear.weight.mul_(LARGE if name == "fp16" else 1)
    return model


def run(name, dtype, ids, accumulate):
    training = MixedTraining(initial(name), dtype, accumulate)
    for step in range(STEPS):
        if step == RESET:
            training.reset_state()
        window = ids[:, step * CONFIG["seq"] : (step + 1) * CONFIG["seq"] + 1]
        yield training.step(window[:, :-1], window[:, 1:])


def compare(steps, others, what):
    finite = [(a, b) for a, b in zip(steps, others) if a["norm"].isfinite() and b["norm"].isfinite()]
    for kind in "gradients", "weights":
        print(f"  {what}, {kind}: at most {max(distance(a[kind][key], b[kind][key]) for a, b in finite for key in a[kind]):.1e}")
    for kind in "loss", "norm":
        print(f"  {what}, {kind}: at most {max(distance(a[kind], b[kind]) for a, b in finite):.1e}")


def make(name, folder):
    torch.manual_seed(3)
    ids = (torch.rand(CONFIG["batch"], STEPS * CONFIG["seq"] + 1) ** 2 * CONFIG["vocabulary"]).long()
    steps = list(run(name, TYPES[name], ids, torch.float32))
    folder /= name
    folder.mkdir(exist_ok=True)
    save(folder / "initial.safetensors", weights(initial(name)))
    tensors = {"ids": ids.float(), **{kind: torch.stack([step[kind] for step in steps]) for kind in ("loss", "norm", "scale")}}
    for number, step in enumerate(steps):
        for kind in "gradients", "weights":
            tensors |= {f"{kind}.{number}/{key}": value for key, value in step[kind].items()}
    settings = {**CONFIG, "steps": STEPS, "reset": RESET, "learning_rate": LEARNING_RATE}
    expected = {key: value.numpy() for key, value in tensors.items()}
    save(folder / "expected.safetensors", expected, {key: str(value) for key, value in settings.items()})
    print(f"{name}: norms {', '.join(f'{norm:.3f}' for norm in tensors['norm'])}; scales {tensors['scale'].tolist()}")
    compare(list(run(name, TYPES[name], ids, torch.float64)), steps, "sums in float64")
    if name == "bf16":  # the other's weights are too large for a comparison to say much
        compare(list(run(name, torch.float32, ids, torch.float32)), steps, "without rounding")


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    for name in "bf16", "fp16":
        make(name, pathlib.Path(sys.argv[1]))
