# SPDX-License-Identifier: Apache-2.0
"""The reference's own conformance worker on HTTP: one half of a mixed fleet."""

from __future__ import annotations

import argparse
import socket

import waitress
from vgi_rpc.conformance import ConformanceService, ConformanceServiceImpl
from vgi_rpc.http import make_wsgi_app
from vgi_rpc.rpc import RpcServer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--http", action="store_true", required=True)
    parser.add_argument("--token-key", type=bytes.fromhex, required=True)
    options = parser.parse_args()
    server = RpcServer(ConformanceService, ConformanceServiceImpl(), enable_describe=True)
    app = make_wsgi_app(server, signing_key=options.token_key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"PORT:{listener.getsockname()[1]}", flush=True)
        waitress.serve(app, sockets=[listener], _quiet=True)


if __name__ == "__main__":
    main()
