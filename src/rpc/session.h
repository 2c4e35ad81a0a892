/* SPDX-License-Identifier: Apache-2.0 */
/* One byte-stream connection: requests in, answers out, until its end. */
#ifndef VGI_RPC_SESSION_H
#define VGI_RPC_SESSION_H

#include "base/io.h"
#include "rpc/registry.h"
#include "wire/batch_filter.h"

typedef struct vgi__session_info {
    vgi_transport_kind transport;
    const vgi_auth *auth;      /* NULL: anonymous */
    vgi__batch_filter *filter; /* NULL: none */
    /* Called when the session begins to wait for a request (idle true) and when one has
     * arrived (false), so that a listener can close idle connections at once. May be
     * NULL. */
    void (*idle)(void *user, bool idle);
    void *user;
} vgi__session_info;

/* Serve until end of input. VGI_OK at a clean end, or when the io's read says
 * VGI_ECANCELLED while idle; VGI_EPROTO after broken framing (an ArrowInvalid error
 * stream was written first); VGI_ECLOSED / VGI_EIO. */
int vgi__session_run(vgi__registry *r, vgi__io *io, const vgi__session_info *info,
                     vgi_error *err);

#endif
