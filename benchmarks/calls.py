"""Runs the measurements of single calls and writes results/calls.json and results/calls.md; calls.sh calls it."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import measure
import systems

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE / "calls/target"
RESULTS = HERE / "results"
CALLS = {
    "version": "`cudnnGetVersion()`",
    "setTensor": "`cudnnSetTensorNdDescriptor`, 5 arguments",
    "setRnn": "`cudnnSetRNNDescriptor_v8`, 15 arguments",
    "describe": "tensor descriptor created, set, destroyed: 3 calls",
    "query": "`dnnl_memory_desc_query`, 3 arguments",
    "clone": "`dnnl_memory_desc_clone` and `_destroy`: 2 calls",
}


def jmh(wheels, options):
    """Returns nanoseconds, their error (99.9 %) and bytes a call, by the benchmark's name."""
    out = TARGET / "jmh.json"
    jar = next(TARGET.glob("gatun-benchmarks-calls-*.jar"))
    # Of this module first: it puts NVIDIA's libraries in the software device's place.
    path = os.pathsep.join([str(jar), str(TARGET / "lib/*")])
    subprocess.run([f"{systems.java_home()}/bin/java", "--enable-native-access=ALL-UNNAMED", "-Dgatun.device=host",
                    f"-Dgatun.cuda.path={wheels}", f"-Dgatun.cache={TARGET / 'cache'}", "-XX:+UseSerialGC", "-cp", path,
                    "org.openjdk.jmh.Main", "-prof", "gc", "-rf", "json", "-rff", str(out), *options], check=True)
    found = {}
    for benchmark in json.loads(out.read_text()):
        primary, allocated = benchmark["primaryMetric"], benchmark["secondaryMetrics"]["gc.alloc.rate.norm"]
        found[benchmark["benchmark"].rpartition(".")[2]] = dict(nanoseconds=primary["score"], error=float(primary["scoreError"]),
                                                                bytes=allocated["score"], raw=primary["rawData"])
    return found


def c_loop(wheels):
    """Returns nanoseconds a call, by name; empty where there is no gcc."""
    if not shutil.which("gcc"):
        print("the loop in C is left out: no gcc", file=sys.stderr)
        return {}
    program = TARGET / "calls"
    subprocess.run(["gcc", "-O2", "-o", program, HERE / "calls/src/main/c/calls.c", "-ldl"], check=True)
    dnnl = next((TARGET / "cache").glob("dnnl-*/libdnnl.so.3"))
    output = subprocess.run([program, f"{wheels}/cudnn/lib", f"{wheels}/cu13/lib/libcudart.so.13", dnnl], check=True,
                            capture_output=True, text=True).stdout
    return {name: float(value) for name, value in map(str.split, output.splitlines())}


def table(java, c):
    def cell(name):
        if name not in java:
            return "–"
        value = java[name]
        return f"{value['nanoseconds']:.1f} ± {value['error']:.1f} ns, {value['bytes']:.0f} B"

    yield "| call | loop in C | generated layer | owned layer | JavaCPP (JNI) |"
    yield "|---|---|---|---|---|"
    for name, title in CALLS.items():
        floor = f"{c[name]:.1f} ns" if name in c else "–"
        yield f"| {title} | {floor} | {cell(name + 'Generated')} | {cell(name + 'Owned')} | {cell(name + 'JavaCpp')} |"


def main():
    wheels, *options = sys.argv[1:]
    before = os.getloadavg()
    java = jmh(wheels, options)
    c = c_loop(wheels)
    RESULTS.mkdir(exist_ok=True)
    result = dict(machine=systems.machine(len(os.sched_getaffinity(0))), load_before=before, java=java, c=c)
    (RESULTS / "calls.json").write_text(json.dumps(result, indent=1) + "\n")
    machine = result["machine"]
    text = "\n".join([
        "# Single calls", "",
        f"Made by `{' '.join(['benchmarks/calls.sh', *options])}` on {machine['processor']}, {machine['processors']} processors, "
        f"{machine['system']}; scheduling: {measure.priority()}; load before and after: {before[0]:.1f} and {os.getloadavg()[0]:.1f}. "
        "Time and bytes of Java heap a call, with JMH's 99.9 % interval; the loop in C is the median of ten. Every value is in "
        "[calls.json](calls.json).", "", *table(java, c)]) + "\n"
    (RESULTS / "calls.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
