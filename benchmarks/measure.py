"""Runs a program and measures it from outside."""
import os
import signal
import subprocess
import threading
import time


def priority():
    """The scheduling that this process and those it starts have, in words."""
    policies = {os.SCHED_OTHER: "normal", os.SCHED_FIFO: "real-time (FIFO)", os.SCHED_RR: "real-time (RR)"}
    return f"{policies.get(os.sched_getscheduler(0), 'other')}, nice {os.nice(0)}"


def run(command, threads, limit):
    """Returns about, losses and seconds of each answer, first_answer (seconds from the start), peak_mb; or failure, in words."""
    started = time.perf_counter()
    # A session of its own: what the program starts can be ended with it. Standard error is kept for the message.
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "OMP_NUM_THREADS": str(threads)}, start_new_session=True)
    late = threading.Event()

    def end():
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit, end)
    timer.start()
    errors = []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr))
    reader.start()
    result = dict(about="", seconds=[], losses=[], first_answer=None)
    for line in process.stdout:
        kind, _, rest = line.strip().partition(" ")
        if kind == "about":
            result["about"] = rest
        elif kind in ("step", "text"):
            result["first_answer"] = result["first_answer"] or time.perf_counter() - started
            seconds, *loss = map(float, rest.split())
            result["seconds"].append(seconds)
            result["losses"] += loss
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    timer.cancel()
    reader.join()
    result["peak_mb"] = usage.ru_maxrss / 1024
    if late.is_set():
        return dict(failure=f"not done after {limit} seconds")
    if process.returncode or not result["seconds"]:
        return dict(failure=f"exit code {process.returncode}: {cause(errors)}")
    return result


def cause(errors):
    """The line of an error output that says most: the last exception's."""
    lines = [line.strip() for line in errors if line.strip()]
    named = [line for line in lines if "Error" in line or "Exception" in line]
    return (named or lines or ["no message"])[-1][:300]
