#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare what the libraries export with what the public headers declare.

    check_symbols.py <build directory>

Each shared library exports exactly the functions and tables that its headers declare. What the client
library needs of the core beyond that stands under the core's private version node, and starts with
vgi__. In the archives every global name starts with vgi_.
"""

import re
import subprocess
import sys
from pathlib import Path

from sources import ROOT, bare_c, files, finish

DECLARATION = re.compile(r"\bVGI_API\s+([^;]*);")
SCALARS = re.compile(r"^\s*X\((\w+),", re.MULTILINE)


def declared_in(path):
    """The names that a header declares with VGI_API."""
    text = bare_c(path)
    names = set()
    for declaration in DECLARATION.findall(text):
        if "##" in declaration:
            names |= {f"vgi_type_{name}" for name in SCALARS.findall(text)}
            continue
        if "__attribute__" in declaration:
            continue
        match = re.search(r"\b(vgi_\w+)\s*(?:\(|$)", declaration.strip())
        names.add(match.group(1) if match else declaration)
    return names


def nm(*args):
    """Names that a file defines, with their versions: name@@NODE."""
    out = subprocess.run(["nm", "--defined-only", *args], check=True, capture_output=True, text=True)
    rows = (line.split() for line in out.stdout.splitlines())
    return {row[2] for row in rows if len(row) == 3 and row[1] != "A"}


def compare(library, symbols, declared):
    pairs = [symbol.partition("@@")[::2] for symbol in symbols]
    exported = {name for name, node in pairs if not node.startswith("VGIRPC_PRIVATE_")}
    problems = [
        f"{library}: {name} under {node}"
        for name, node in sorted(pairs)
        if node.startswith("VGIRPC_PRIVATE_") and not name.startswith("vgi__")
    ]
    problems += [f"{library}: declared but not exported: {name}" for name in sorted(declared - exported)]
    return problems + [
        f"{library}: exported but not declared: {name}" for name in sorted(exported - declared)
    ]


def main():
    lib = Path(sys.argv[1]) / "lib"
    core, client = set(), set()
    for path in files(["include"], {".h"}):
        (client if path.name == "client.h" else core).update(declared_in(path))
    problems = compare("libvgirpc.so", nm("-D", str(lib / "libvgirpc.so")), core)
    if (lib / "libvgirpc-client.so").exists():
        problems += compare("libvgirpc-client.so", nm("-D", str(lib / "libvgirpc-client.so")), client)
    for archive in sorted(lib.glob("libvgirpc*.a")):
        names = nm("--extern-only", str(archive))
        problems += [
            f"{archive.name}: global name without vgi_: {name}"
            for name in sorted(names)
            if not name.startswith("vgi_")
        ]
    return finish(problems, len(core) + len(client))


if __name__ == "__main__":
    sys.exit(main())
