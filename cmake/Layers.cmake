# SPDX-License-Identifier: Apache-2.0
# Which layer may include which. tools/check_layers.py reads this table and fails on an arrow that is not in it.
# A layer is a folder under src/; "a: b c" means a's files may include from b and c (and from a itself, and the
# public headers). Only what exists stands here.
set(VGI_LAYERS
    "base:"
    "codec: base"
    "crypto: base"
    "json: base"
    "arrow: base codec"
    "transport/fd: base"
    "transport/unix: base"
    "transport/subprocess: base"
    "transport/mem: base"
    "types: base arrow"
    "wire: base arrow types"
    "rpc: base crypto arrow types wire"
    "shm: base arrow wire"
    "server: base arrow types wire rpc shm transport/fd transport/unix"
    "crypto/openssl: base"
    "crypto/sodium: base"
    "http/proto: base"
    "http/parser: base http/proto"
    "http/coding: base codec"
    "http/engine: base http/proto http/parser"
    "http/server: base crypto/openssl crypto/sodium arrow types wire rpc http/proto http/coding http/engine"
    "server/http: base server rpc http/proto http/engine http/server"
    "http/client: base http/proto"
    "external: base crypto/openssl arrow types wire http/proto http/coding http/client"
    "client: base json arrow types wire shm external transport/fd transport/unix transport/subprocess http/proto http/coding http/client"
)

# Which library a layer's objects go into.
set(VGI_CORE_LAYERS base codec crypto arrow transport/fd transport/unix types wire rpc shm server)
set(VGI_HTTP_LAYERS crypto/openssl crypto/sodium http/proto http/parser http/coding http/engine http/server server/http)
set(VGI_CLIENT_LAYERS json crypto/openssl transport/subprocess http/proto http/coding http/client external client)
set(VGI_TEST_LAYERS transport/mem)
