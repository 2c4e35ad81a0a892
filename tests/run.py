#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run all suites, two at a time, and add up what they count. script/test calls this.

A suite is a command. What it counted stands in its output: the last line `N passed, N failed,
N skipped`, or what ctest says. A suite that ends badly or says nothing counts as one failure, and so
does one that could not run because something it needs failed.
"""

import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "test-logs"

# Legs of the seed suite on which a worker has several threads.
SEVERAL_THREADS = ("unix_threaded", "http", "http_roundrobin", "http_mixed", "http_sealed")

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped", re.MULTILINE)
CTEST = re.compile(r"(\d+) tests? failed out of (\d+)")
TAIL_LINES = 60


@dataclass
class Suite:
    name: str
    command: list[str]
    needs: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    seconds: int = 900  # then it is stopped
    builds: bool = False  # counts nothing: success is one test passed


@dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    note: str = ""

    def __str__(self):
        return self.note or f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def script(path, *args):
    return [str(ROOT / path), *args]


def build(name, preset, folder, *options, targets=()):
    """A suite that configures a preset and builds it."""
    commands = [
        f"cmake --preset {preset} -B {folder} {' '.join(options)}",
        f"ninja -C {folder} --quiet {' '.join(targets)}",
    ]
    return Suite(name, ["sh", "-c", " && ".join(commands)], builds=True)


def ctest(name, folder, *options, needs, **more):
    command = ["ctest", "--test-dir", str(folder), "--output-on-failure", "--no-tests=error", *options]
    return Suite(name, command, needs=needs, **more)


def conformance(name, folder, release, *legs, after, scale=1):
    """A suite of the reference against the worker of a build; `scale` stretches its deadlines."""
    env = {"VGI_BUILD": str(folder), "VGI_TIMEOUT_SCALE": str(scale)}
    return Suite(name, script("tests/conformance/run.sh", release, *legs), [after, "python"], env)


def load(name, folder, *options, after):
    """Many connections to the worker of a build, at full speed. Memory can be told to be flat when no
    threads are added.
    """
    worker = [str(folder / "bin/vgirpc-conformance-worker"), "--http", "--max-threads", "16"]
    command = [str(BUILD / "tests/http-load"), *map(str, options), "--", *worker]
    return Suite(name, command, ["build-release", after])


def attacks(kind, folder, *names, after):
    """Clients that do their worst to the worker of a build."""
    return [Suite(f"http-{name}{kind}", script(f"tests/http/{name}.py", str(folder)), [after]) for name in names]


def suites(full):
    clang = "-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DVGI_WERROR=ON"
    threaded = "external/|unit/(base|codec|crypto|rpc|shm|server|client|transport|http|components|external)"
    torture = {"VGI_TORTURE_SAMPLES": "0", "VGI_TORTURE_SECONDS": "20"} if full else {}
    fuzz_seconds = 300 if full else 20
    dev, tsan = BUILD / "dev", BUILD / "tsan"
    table = [
        build("build-release", "release", BUILD),
        Suite("python", script("tests/conformance/setup.sh"), builds=True),
        build("build-dev", "dev", dev),
        ctest("unit-sanitized", dev, "-LE", "check", needs=["build-dev"]),
        build("build-clang", "release", BUILD / "clang", clang),
        ctest("unit-clang", BUILD / "clang", "-LE", "check", needs=["build-clang"]),
        build("build-tsan", "tsan", tsan),
        ctest("unit-threads", tsan, "-R", threaded, needs=["build-tsan"]),
        ctest("checks", BUILD, "-L", "check", needs=["build-release"]),
        Suite(
            "torture",
            script("tests/torture/run.py"),
            ["build-release"],
            torture,
            seconds=7200 if full else 900,
        ),
        build("build-fuzz", "fuzz", BUILD / "fuzz", targets=["fuzzers"]),
        Suite(
            "fuzz",
            script("tests/fuzz/run.sh", str(fuzz_seconds)),
            ["build-fuzz"],
            seconds=120 + 20 * fuzz_seconds,
        ),
        conformance("conformance-seed", BUILD, "seed", after="build-release"),
        conformance("conformance-current", BUILD, "current", after="build-release"),
        conformance("sanitized-seed", dev, "seed", after="build-dev", scale=4),
        conformance("sanitized-current", dev, "current", after="build-dev", scale=4),
        conformance("threads-seed", tsan, "seed", *SEVERAL_THREADS, after="build-tsan", scale=4),
        conformance("threads-current", tsan, "current", "unix_threaded", after="build-tsan", scale=4),
        Suite("fleet", script("tests/fleet/run.py", str(BUILD)), ["build-release", "python"]),
        Suite("pages", script("tests/http/pages.py", str(BUILD)), ["build-release"]),
        Suite(
            "http-reference",
            script("build/venv-15/bin/python", str(ROOT / "tests/http/reference.py"), str(BUILD)),
            ["build-release", "python"],
        ),
        Suite("http-client", script("tests/http/client.py", str(BUILD)), ["build-release", "python"]),
        Suite("http-client-sanitized", script("tests/http/client.py", str(dev)), ["build-dev", "python"]),
        Suite("http-abuse", script("tests/http/abuse.py", str(BUILD)), ["build-release"]),
        Suite("http-abuse-sanitized", script("tests/http/abuse.py", str(dev)), ["build-dev"]),
        *attacks("", BUILD, "hostile", "loris", "vanish", "idle", "isolation", after="build-release"),
        *attacks("-sanitized", dev, "hostile", "loris", "vanish", after="build-dev"),
        *attacks("-threads", tsan, "hostile", "loris", "vanish", after="build-tsan"),
        load("http-load", BUILD, "-s", 300 if full else 30, after="build-release"),
        load("http-drain", BUILD, "-d", 20, after="build-release"),
        load("http-load-sanitized", dev, "-s", 5, "-g", 0, after="build-dev"),
        load("http-drain-sanitized", dev, "-d", 5, after="build-dev"),
        load("http-load-threads", tsan, "-s", 5, "-g", 0, after="build-tsan"),
        load("http-drain-threads", tsan, "-d", 5, after="build-tsan"),
        Suite("stores", script("tests/stores/run.py", str(BUILD)), ["build-release"]),
        Suite("stores-sanitized", script("tests/stores/run.py", str(dev)), ["build-dev"]),
        Suite("stores-threads", script("tests/stores/run.py", str(tsan)), ["build-tsan"]),
        Suite("external-cli", script("tests/external/cli.py", str(BUILD)), ["build-release"]),
        Suite("external-cli-sanitized", script("tests/external/cli.py", str(dev)), ["build-dev"]),
        Suite("demo", script("tests/demo/run.sh"), ["build-release"]),
        Suite("docs", script("tests/docs/run.sh"), ["build-release", "python"]),
        Suite("property", script("tests/property/run.sh"), ["build-release", "python"]),
        Suite("soak", script("tests/soak/run.sh"), ["build-release"]),
        Suite("shm", script("tests/shm/run.sh", *(["1000000", "200"] if full else [])), ["build-release"]),
        Suite("shm-sanitized", script("tests/shm/run.sh", "10000", "10"), ["build-dev"], {"VGI_BUILD": str(dev)}),
        Suite("shm-threads", script("tests/shm/run.sh", "10000", "10"), ["build-tsan"], {"VGI_BUILD": str(tsan)}),
        Suite("shm-client", script("tests/shm/client.py", str(BUILD)), ["build-release", "python"]),
    ]
    if full:
        table += [
            Suite(
                "soak-sanitized",
                script("tests/soak/run.sh", "1000000"),
                ["build-dev"],
                {"VGI_BUILD": str(dev)},
                seconds=3600,
            ),
            Suite(
                "pages-browser",
                script("tests/http/pages.py", "--browser", str(BUILD)),
                ["build-release"],
            ),
            Suite(
                "stores-servers",
                script("tests/stores/servers.sh", str(BUILD)),
                ["build-release"],
                seconds=3600,  # building them takes most of it
            ),
            Suite(
                "valgrind",
                script("tests/valgrind/run.sh", "pipe"),
                ["build-release", "python"],
                seconds=7200,
            ),
        ]
    return table


def count(suite, output, code):
    """What a suite that has ended counted."""
    if suite.builds:
        return Result(passed=1) if code == 0 else Result(failed=1, note="FAILED")
    summaries, ran = SUMMARY.findall(output), CTEST.findall(output)
    if summaries and not ran:
        result = Result(*map(int, summaries[-1]))
    elif ran:
        failed, total = map(int, ran[-1])
        skipped = len(re.findall(r"\*\*\*Skipped|\(Skipped\)", output)) // 2
        result = Result(total - failed - skipped, failed, skipped)
    else:
        return Result(failed=1, note=f"FAILED: counted nothing, exit code {code}")
    if code != 0 and result.failed == 0:
        result.failed = 1
    return result


def execute(suite):
    """Run the command; its result and the file with its output."""
    log = LOGS / f"{suite.name}.log"
    env = {**os.environ, **suite.env}
    with open(log, "wb") as out:
        try:
            process = subprocess.Popen(
                suite.command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Result(failed=1, note=f"FAILED: {error}"), log
        try:
            code = process.wait(suite.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with all that it started
            process.wait()
            return Result(failed=1, note=f"FAILED: not done after {suite.seconds} s"), log
    return count(suite, log.read_text(errors="replace"), code), log


def run(suite, earlier):
    """Run a suite when what it needs is there, and print a line about it."""
    missing = [name for name in suite.needs if earlier[name].result().failed]
    if missing:
        result = Result(failed=1, note=f"FAILED: needs {', '.join(missing)}")
        print(f"{'-':>7}    {suite.name}: {result}", flush=True)
        return result
    started = time.monotonic()
    result, log = execute(suite)
    print(f"{time.monotonic() - started:7.1f} s  {suite.name}: {result}", flush=True)
    if result.failed:
        tail = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        print("\n".join(f"        | {line[:200]}" for line in tail), flush=True)
        print(f"        all of it: {log.relative_to(ROOT)}", flush=True)
    return result


def with_needs(table, names):
    """The named suites and what they need, in the table's order; all of them without names."""
    known = {suite.name: suite for suite in table}
    wanted, todo = set(), list(names or known)
    while todo:
        name = todo.pop()
        if name not in known:
            sys.exit(f"no suite {name}; there are: {' '.join(known)}")
        wanted.add(name)
        todo += known[name].needs
    return [suite for suite in table if suite.name in wanted]


def run_all(table):
    """Two at a time. A suite starts when its needs are done; builds come first in the table."""
    results, futures = [], {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        todo = list(table)
        while todo or any(not future.done() for future in futures.values()):
            ready = [s for s in todo if all(n in futures and futures[n].done() for n in s.needs)]
            busy = [future for future in futures.values() if not future.done()]
            for suite in ready[: 2 - len(busy)]:
                futures[suite.name] = pool.submit(run, suite, futures)
                todo.remove(suite)
            busy = [future for future in futures.values() if not future.done()]
            if busy:
                concurrent.futures.wait(busy, return_when=concurrent.futures.FIRST_COMPLETED)
        results = [future.result() for future in futures.values()]
    return results


def main():
    parser = argparse.ArgumentParser(description="Run the test suites.")
    parser.add_argument("--full", action="store_true", help="also valgrind, long fuzzing, all of torture")
    parser.add_argument("--list", action="store_true", help="name the suites")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these, and what they need")
    options = parser.parse_args()
    table = suites(options.full)
    if options.list:
        print("\n".join(suite.name for suite in table))
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    results = run_all(with_needs(table, options.names))
    passed, failed, skipped = (
        sum(getattr(result, what) for result in results) for what in ("passed", "failed", "skipped")
    )
    print(f"{time.monotonic() - started:.0f} s in all; logs in {LOGS.relative_to(ROOT)}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
