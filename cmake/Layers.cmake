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
    "server: base arrow types rpc transport/fd transport/unix"
    "client: base json arrow types wire transport/fd transport/unix transport/subprocess"
)

# Which library a layer's objects go into.
set(VGI_CORE_LAYERS base codec crypto arrow transport/fd transport/unix types wire rpc server)
set(VGI_CLIENT_LAYERS json transport/subprocess client)
set(VGI_TEST_LAYERS transport/mem)
