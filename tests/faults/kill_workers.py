"""Kill workers of a large fleet at random moments, and hold that each run ends by itself, to the same bytes.

    .venv/bin/python tests/faults/kill_workers.py --kills 20 --on processes:2
    .venv/bin/python tests/faults/kill_workers.py --kills 20 --on ray

Out of the default run: a run takes half a minute. Twenty-one homes in seven aggregations are run where `--on` says. At
each moment one of the workers is killed with `kill -9`, whatever it is at: importing, computing, writing. Nobody starts
anything again: the run has to replace the worker and end with the files of one that was not disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

MONTH, NAME = "2023-08", "seven"
SCENARIO = {
    "name": NAME,
    "homes": 21,
    "first_days": 1,
    "source": "synthetic",
    "market": {"homes_per_aggregation": 3, "minimum_bid_mw": 0.0},
}
WORKERS = ("multiprocessing.spawn", "ray::run_shard")
"""What the command line of a worker has in it, in processes of this machine and on Ray."""
LONGEST_SECONDS = 900.0


def report(line: str) -> None:
    """Say how far it is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def start(folder: Path, place: str) -> subprocess.Popen[bytes]:
    """`vpp run` of the fleet in a new lake of that folder."""
    scenarios = folder / "lake" / "scenarios"
    scenarios.mkdir(parents=True)
    (scenarios / f"{NAME}.json").write_text(json.dumps(SCENARIO))
    environment = {**os.environ, "VPP_LAKE": str(folder / "lake"), "DAGSTER_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "vpp_pipeline.cli", "run", "--month", MONTH, "--scenario", NAME, "--on", place]
    with (folder / "said").open("wb") as said:
        return subprocess.Popen(command, env=environment, stdout=said, stderr=said)


def workers(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Those at work now."""
    found = []
    try:
        for process in psutil.Process(run.pid).children(recursive=True):
            words = " ".join(process.cmdline())
            if any(mark in words for mark in WORKERS) and "resource_tracker" not in words:
                found.append(process)
    except psutil.NoSuchProcess:
        pass
    return found


def kill_one(run: subprocess.Popen[bytes], moment: float, rng: np.random.Generator) -> str | None:
    """Kill a worker `moment` seconds from now, or the first there is after it; None where the run ends before."""
    until = time.monotonic() + moment
    while run.poll() is None:
        time.sleep(0.01)
        if time.monotonic() >= until and (there := workers(run)):
            victim = there[rng.integers(len(there))]
            lived = time.time() - victim.create_time()
            victim.kill()
            return f"a worker of {len(there)} that had lived for {lived:.1f} s"
    return None


def end(run: subprocess.Popen[bytes], folder: Path) -> dict[str, bytes]:
    """Wait for the run, and give what is compared byte for byte."""
    code = run.wait(LONGEST_SECONDS)
    assert code == 0, (folder / "said").read_text()
    kept = (".parquet", ".csv", ".json", ".md", ".html")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "lake").rglob("*"))
        if path.suffix in kept
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", default="processes:2")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory() as parent:
        undisturbed = Path(parent) / "undisturbed"
        end(start(Path(parent) / "warm", arguments.on), Path(parent) / "warm")  # compiles what is not
        began = time.monotonic()
        reference = end(start(undisturbed, arguments.on), undisturbed)
        seconds = time.monotonic() - began
        report(f"an undisturbed run takes {seconds:.1f} s and leaves {len(reference)} files")
        killed = runs = 0
        while killed < arguments.kills:
            folder = Path(parent) / f"{runs}"
            run, runs = start(folder, arguments.on), runs + 1
            while killed < arguments.kills:
                hit = kill_one(run, rng.uniform(0.0, seconds / 2), rng)
                if hit is None:
                    break
                killed += 1
                report(f"kill {killed}: {hit}")
            assert end(run, folder) == reference, f"run {runs} left other bytes"
            report(f"run {runs} ended by itself, with the same {len(reference)} files to the byte")
        report(f"killed {killed} workers in {runs} runs")


if __name__ == "__main__":
    main()
