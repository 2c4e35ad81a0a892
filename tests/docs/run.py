# SPDX-License-Identifier: Apache-2.0
"""Compile and run the code blocks of the documentation.

A page is worked through from top to bottom in a folder of its own, which looks like the
repository in that it has include/, examples/ and build/:

    ```c NAME.c      written there, compiled, and linked to ./NAME when it has a main
    ```c             compiled
    ```cpp [NAME.cc] the same, as C++17
    ```sh run        run by sh -e, with the build's bin folder on the PATH
    ```sh serve      the same, but left running: until it says PORT: or UNIX:, then until the page ends
    ```python run    run by a Python that has the reference, skipped without one
    ```FORMAT NAME   any other named block: written there
    ```output        what the block before it must print; "..." stands for anything

Other blocks are for reading only. Port 8080 stands for a free one.
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
HTTP = ["-Wl,--no-as-needed", "-lvgirpc-http"]
PORT = "8080"
COMPILERS = {"c": ["cc", "-std=c11", *WARNINGS], "cpp": ["c++", "-std=c++17", *WARNINGS]}


class Failure(Exception):
    pass


class Skip(Exception):
    pass


@dataclass
class Block:
    language: str
    argument: str
    text: str
    line: int
    output: str | None = None


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    found: list[Block] = []
    for match in FENCE.finditer(text):
        language, argument, body = match.group(1), match.group(2) or "", match.group(3)
        if language == "output":
            found[-1].output = body
        else:
            found.append(Block(language, argument, body, text.count("\n", 0, match.start()) + 1))
    return found


def free_port() -> str:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def same(expected: str, got: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, got.strip(), re.DOTALL) is not None


class Page:
    def __init__(self, build: Path, python: str | None, folder: Path) -> None:
        self.build, self.python, self.folder = build, python, folder
        self.env = os.environ | {"PATH": f"{build / 'bin'}:{os.environ['PATH']}"}
        self.servers: list[subprocess.Popen[str]] = []
        self.port = free_port()
        for name in ("include", "examples"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "build").symlink_to(build)

    def execute(self, argv: list[str], output: str | None = None) -> None:
        done = subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise Failure(f"status {done.returncode}\n{done.stdout}{done.stderr}")
        if output is not None and not same(output, done.stdout):
            raise Failure(f"expected:\n{output}\ngot:\n{done.stdout}{done.stderr}")

    def compile(self, block: Block) -> None:
        name = block.argument or f"fragment{block.line}.{'c' if block.language == 'c' else 'cc'}"
        (self.folder / name).write_text(block.text)
        argv = [*COMPILERS[block.language], "-Iinclude", name]
        if not re.search(r"^int main\(", block.text, re.MULTILINE):
            return self.execute([*argv, "-c", "-o", os.devnull])
        program = Path(name).stem
        libraries = ["-Lbuild/lib", "-lvgirpc-client", *HTTP, "-lvgirpc", f"-Wl,-rpath,{self.build / 'lib'}"]
        self.execute([*argv, "-o", program, *libraries])
        if block.output is not None:
            self.execute([f"./{program}"], block.output)

    def serve(self, block: Block) -> None:
        server = subprocess.Popen(
            ["sh", "-e", "-c", f"exec {block.text}"],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout is not None
        ready = server.stdout.readline()
        if not ready.startswith(("PORT:", "UNIX:")):
            raise Failure(f"it said {ready!r}")
        if block.output is not None and not same(block.output, ready):
            raise Failure(f"expected:\n{block.output}\ngot:\n{ready}")

    def close(self) -> None:
        for server in self.servers:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)

    def run(self, block: Block) -> bool:
        """Do what a block asks for; tell whether that was a test."""
        block.text = block.text.replace(PORT, self.port)
        if block.output is not None:
            block.output = block.output.replace(PORT, self.port)
        if block.language in COMPILERS:
            self.compile(block)
        elif block.language == "sh" and block.argument == "run":
            self.execute(["sh", "-e", "-c", block.text], block.output)
        elif block.language == "sh" and block.argument == "serve":
            self.serve(block)
        elif block.language == "python" and block.argument == "run":
            if self.python is None:
                raise Skip("no Python with the reference")
            self.execute([self.python, "-c", block.text], block.output)
        elif block.argument:
            (self.folder / block.argument).write_text(block.text)
            return False
        else:
            return False
        return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--python", help="a Python with release 0.15.0 of the reference")
    parser.add_argument("pages", nargs="*", type=Path)
    options = parser.parse_args()
    if not (options.build / "bin" / "vgirpc").exists():
        sys.exit(f"{options.build} has no build; run script/build first")
    pages = options.pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    counts: collections.Counter[str] = collections.Counter()
    for path in pages:
        folder = Path(tempfile.mkdtemp(prefix="vgirpc-docs-"))
        page = Page(options.build.resolve(), options.python, folder)
        for block in blocks(path):
            where = f"{path.resolve().relative_to(ROOT)}:{block.line}: {block.language}"
            try:
                counts["passed"] += page.run(block)
            except Skip as reason:
                counts["skipped"] += 1
                print(f"{where}: skipped: {reason}")
            except (Failure, subprocess.TimeoutExpired) as error:
                counts["failed"] += 1
                print(f"{where}: FAILED: {error}")
        page.close()
        shutil.rmtree(folder)
    print("{passed} passed, {failed} failed, {skipped} skipped".format_map(counts))
    sys.exit(counts["failed"] > 0)


main()
