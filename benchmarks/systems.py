"""The systems compared: how each is started, what it takes to install, how long its program is."""
import ast
import dataclasses
import os
import pathlib
import platform
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
PROGRAM = "src/main/java/dev/gatun/benchmarks"


@dataclasses.dataclass
class System:
    name: str
    start: list  # the command, but for the task's values
    program: pathlib.Path
    missing: str  # why it cannot run; empty if it can
    installed: str  # what a user installs
    folders: list  # where that lies
    samples: bool = True  # False if it samples as another one in the table does
    first_start: list = None  # the command of the process before those that are measured, where it is another one

    def command(self, values, first=False):
        return [*(first and self.first_start or self.start), *(f"{name}={value}" for name, value in values.items())]

    def facts(self):
        return dict(lines=lines_of(self.program), program=str(self.program.relative_to(ROOT)), installed=self.installed,
                    installed_mb=round(sum(map(size, self.folders)) / 1e6))


def lines_of(program):
    """Counts lines but blank ones, comments and imports."""
    source = re.sub(r'/\*.*?\*/|^""".*?"""', "", program.read_text(), flags=re.DOTALL)
    lines = (line.strip() for line in source.splitlines())
    return sum(bool(line) and not line.startswith(("//", "#", "import ", "from ", "package ")) for line in lines)


def size(folder):
    """Bytes of a folder's files, each once."""
    files = [file for file in pathlib.Path(folder).rglob("*") if file.is_file() and not file.is_symlink()]
    return sum({file.stat().st_ino: file.stat().st_size for file in files}.values())


def python():
    return os.environ.get("PYTHON", str(ROOT / ".peers/venv/bin/python"))


def ask_python(program):
    """What a program prints in PyTorch's Python; empty if that fails."""
    try:
        return subprocess.run([python(), "-c", program], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def has_gpu():
    return ask_python("import torch; print(torch.cuda.is_available())") == "True"


def pytorch_folders():
    """The folders of PyTorch and of what it requires, without its build tools."""
    return ast.literal_eval(ask_python("""
import importlib.metadata, re
found, todo = {}, ["torch", "numpy"]
while todo:
    name = todo.pop().lower()
    if name not in found:
        try:
            dist = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        found[name] = {str(dist.locate_file(file.parts[0])) for file in dist.files if len(file.parts) > 1 and file.parts[0] != ".."}
        todo += [re.match(r"[\\w.-]+", need)[0] for need in dist.requires or [] if "extra ==" not in need]
print(sorted(set().union(*found.values())))
""") or "[]")


def pytorch(variant, gpu, folders):
    program = HERE / "pytorch/pytorch_model.py"
    missing = "" if folders else f"{python()} has no PyTorch: pip install torch numpy, and name the Python with PYTHON="
    name = {"eager": "PyTorch", "fused": "PyTorch, fused Adam", "compile": "PyTorch, torch.compile"}[variant]
    return System(name, [python(), program, f"variant={variant}", f"device={'cuda' if gpu else 'cpu'}"], program, missing,
                  "pip: torch, numpy" + (", and a C++ compiler" if variant == "compile" else ""), folders, variant != "fused")


def java_home():
    """The first JDK of release 25 or newer of those that Gatun's launcher looks at first."""
    homes = [os.environ.get("GATUN_JAVA_HOME"), os.environ.get("JAVA_HOME"), *sorted(pathlib.Path("/usr/lib/jvm").glob("*"))]
    for home in filter(None, homes):
        release = pathlib.Path(home) / "release"
        found = release.is_file() and re.search(r'JAVA_VERSION="(\d+)', release.read_text())
        if found and int(found[1]) >= 25:
            return home
    return None


def java(name, module, main, options, installed, unpacked, unpack_option, missing="", keeps_start=False):
    home, jars = java_home(), sorted((HERE / module / "target").glob("gatun-benchmarks-*.jar"))
    if not missing and not jars:
        missing = "it is not built: see benchmarks/README.md"
    if not missing and not home:
        missing = "no JDK 25 or newer was found: set JAVA_HOME"
    lib = HERE / module / "target/lib"
    path = os.pathsep.join([*map(str, jars), str(lib / "*")])

    def start(*more):
        return [f"{home}/bin/java", *options, *more, f"{unpack_option}={unpacked}", "-cp", path, f"dev.gatun.benchmarks.{main}"]

    program = HERE / module / PROGRAM / f"{main}.java"
    if not keeps_start:
        return System(name, start(), program, missing, installed, [lib, unpacked])
    # As the launcher has it: a process leaves the JVM's state behind for the next ones, in a folder that must be there.
    unpacked.mkdir(parents=True, exist_ok=True)
    kept = unpacked / "start.aot"
    return System(name, start(f"-XX:AOTCache={kept}"), program, missing, installed, [lib, unpacked],
                  first_start=start(f"-XX:AOTCacheOutput={kept}"))


def all_systems(gpu):
    """All systems, whether they can run here or not."""
    cache = HERE / "target/cache"
    folders = pytorch_folders()
    no_gpu = "only its CPU build is part of the comparison" if gpu else ""
    native = "--enable-native-access=ALL-UNNAMED"
    return [
        java("Gatun", "gatun", "GatunModel", [f"@{ROOT / 'examples/jvm.options'}"], "JDK 25; Maven: gatun-lm, gatun-host-device",
             cache / "gatun", "-Dgatun.cache", keeps_start=True),
        *(pytorch(variant, gpu, folders) for variant in ("eager", "fused", "compile")),
        java("DJL", "djl", "DjlModel", [native], "a JDK; Maven: pytorch-engine, pytorch-native-cpu, pytorch-jni", cache / "djl",
             "-DDJL_CACHE_DIR", no_gpu),
        java("DL4J", "dl4j", "Dl4jModel", [native], "a JDK; Maven: deeplearning4j-nn, nd4j-native", cache / "dl4j",
             "-Dorg.bytedeco.javacpp.cachedir", no_gpu),
    ]


def machine(processors):
    """What the results are of."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return dict(processor=model, processors=processors, memory_gb=round(memory / 2**30), system=platform.platform())
