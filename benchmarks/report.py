"""Tables and a picture of the results."""
import json
import statistics

COLORS = dict(zip(("Gatun", "PyTorch", "PyTorch, fused Adam", "PyTorch, torch.compile", "DJL", "DL4J"),
                  ("#b5452c", "#1f4e79", "#3f78ae", "#7fa8d1", "#5b8c5a", "#a9a9a9")))


def progress(run, values, warm_up):
    """One line about a run that is done."""
    name = f"{run['kind']:>10}  {run['system']:<24}"
    if "failure" in run:
        return f"{name}{run['failure']}"
    return f"{name}{statistics.median(speeds([run], values, warm_up)):8.0f} words/s  first after {run['first_answer']:.1f} s"


def speeds(runs, values, warm_up):
    """Words a second of each step or text after the warm-up."""
    skipped = warm_up if values.get("mode") != "sample" else 1
    words = values["batch"] * values["seq"]
    return [words / seconds for run in runs for seconds in run["seconds"][skipped:]]


class Summary:
    """A system's runs of one kind."""

    def __init__(self, result, system, kind):
        self.runs = [run for run in result["runs"] if run["system"] == system and run["kind"] == kind]
        self.failure = next((run["failure"] for run in self.runs if "failure" in run), None)
        if not self.runs:
            self.failure = "–"
        if self.failure:
            return
        if kind.startswith("sample"):
            values = dict(mode="sample", batch=int(kind.split()[1]), seq=result["text_words"])
        else:
            values = result["configurations"][kind]
        self.speeds = speeds(self.runs, values, result["warm_up"])
        self.speed = statistics.median(self.speeds)
        self.quartiles = statistics.quantiles(self.speeds, n=4) if len(self.speeds) > 1 else [self.speed] * 3
        self.first = statistics.median(run["first_answer"] for run in self.runs)
        self.peak = statistics.median(run["peak_mb"] for run in self.runs)
        self.losses = self.runs[0]["losses"]


def number(value):
    """Three significant digits, but whole numbers from 100 on."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def cell(summary):
    if summary.failure:
        return summary.failure
    return f"{number(summary.speed)} ({number(summary.quartiles[0])}–{number(summary.quartiles[2])})"


def training_table(result, kind):
    yield "| system | words/s: median (quartiles) | Gatun's is | first step done after | peak memory | loss, first and last |"
    yield "|---|---|---|---|---|---|"
    gatun = Summary(result, "Gatun", kind) if "Gatun" in result["systems"] else None
    for system in result["systems"]:
        summary = Summary(result, system, kind)
        if summary.failure:
            yield f"| {system} | {summary.failure} | | | | |"
            continue
        ratio = f"{gatun.speed / summary.speed:.2f} times that" if gatun and not gatun.failure and system != "Gatun" else ""
        yield (f"| {system} | {cell(summary)} | {ratio} | {summary.first:.1f} s | {summary.peak:.0f} MB | "
               f"{summary.losses[0]:.2f} → {summary.losses[-1]:.2f} |")


def sampling_table(result, kinds):
    yield "| system | " + " | ".join(f"words/s, {kind.split()[1]} at once" for kind in kinds) + " |"
    yield "|---" * (1 + len(kinds)) + "|"
    for system in result["systems"]:
        yield f"| {system} | " + " | ".join(cell(Summary(result, system, kind)) for kind in kinds) + " |"


def installed_table(result):
    yield "| system | lines of its program | what a user installs | size on disk |"
    yield "|---|---|---|---|"
    for system, facts in result["systems"].items():
        yield f"| {system} | [{facts['lines']}](../../{facts['program']}) | {facts['installed']} | {facts['installed_mb']} MB |"


def markdown(result, name):
    machine = result["machine"]
    kinds = list(dict.fromkeys(run["kind"] for run in result["runs"]))
    yield "# Results"
    yield ""
    yield (f"Made by `{result['command']}` on {machine['processor']}, {machine['processors']} processors used, "
           f"{machine['memory_gb']} GB, {machine['system']}. Scheduling: {machine['priority']}. Load before and after: "
           f"{machine['load_at_start'][0]:.1f} and {machine['load_at_end'][0]:.1f}. Every value is in [{name}.json]({name}.json).")
    yield ""
    for system in result["systems"]:
        about = next((run["about"] for run in result["runs"] if run["system"] == system and "about" in run), "")
        yield f"- {system}: {about}"
    for system, reason in result["left_out"].items():
        yield f"- {system} was left out: {reason}"
    yield ""
    yield f"![Words a second, by system]({name}.svg)"
    for kind in kinds:
        if kind.startswith("sample"):
            continue
        sizes = result["configurations"][kind]
        yield ""
        yield f"## Training: {kind}, " + ", ".join(f"{key} {value}" for key, value in sizes.items())
        yield ""
        yield from training_table(result, kind)
    samples = [kind for kind in kinds if kind.startswith("sample")]
    if samples:
        yield ""
        yield "## Sampling with the tutorial's model"
        yield ""
        yield from sampling_table(result, samples)
    yield ""
    yield "## Programs"
    yield ""
    yield from installed_table(result)


def picture(result, file):
    """A group of bars for each configuration: the median, and a line from the lower to the upper quartile."""
    try:
        import matplotlib
    except ImportError:
        return "no picture: pip install matplotlib"
    matplotlib.use("svg")
    # Names, not the time or random ids: the same results give the same file.
    matplotlib.rcParams.update({"svg.hashsalt": "gatun", "font.size": 9})
    from matplotlib import pyplot
    kinds = list(dict.fromkeys(run["kind"] for run in result["runs"]))
    figure, axes = pyplot.subplots(1, len(kinds), figsize=(2.4 * len(kinds), 3.2), layout="constrained")
    for axis, kind in zip(figure.axes, kinds):
        for place, system in enumerate(result["systems"]):
            summary = Summary(result, system, kind)
            if not summary.failure:
                low, _, high = summary.quartiles
                axis.bar(place, summary.speed, color=COLORS[system], label=system)
                axis.plot([place, place], [low, high], color="black", linewidth=1)
        axis.set_title(kind if not kind.startswith("sample") else f"sampling, {kind.split()[1]} at once")
        axis.set_xticks([])
        axis.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("words a second")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
    figure.savefig(file, metadata={"Date": None})
    return f"wrote {file}"


def write(result, out):
    out.parent.mkdir(parents=True, exist_ok=True)
    out.with_suffix(".json").write_text(json.dumps(result, indent=1, default=str) + "\n")
    text = "\n".join(markdown(result, out.name)) + "\n"
    out.with_suffix(".md").write_text(text)
    print(text)
    print(picture(result, out.with_suffix(".svg")))
