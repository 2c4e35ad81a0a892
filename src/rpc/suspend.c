/* SPDX-License-Identifier: Apache-2.0 */
/* Streams between two requests: the state as bytes, and a state of such bytes. */
#include "base/fail.h"
#include "rpc/stream.h"

bool vgi__stream_can_suspend(const vgi__method *m)
{
    return m->state || m->def.dynamic_save;
}

static int save(vgi_call *c, vgi_bytes *state)
{
    const vgi__method *m = c->method;

    if (m->state)
        return vgi__state_encode(m->state, c->state, &c->turn, state, &c->sink);
    return m->def.dynamic_save(c, c->state, state, m->def.user);
}

int vgi__stream_save(vgi_call *c, vgi_bytes *state)
{
    const vgi__phase phase = c->phase;

    *state = (vgi_bytes){ NULL, 0 };
    vgi__call_enter(c, VGI__PHASE_TURN); /* the memory is the turn's */
    int status = save(c, state);
    c->phase = phase;
    return status == VGI_OK ? VGI_OK : vgi__call_fail_status(c, status);
}

static int restore(vgi_call *c, vgi_bytes bytes)
{
    const vgi__method *m = c->method;

    if (!m->state)
        return m->def.dynamic_restore(c, bytes, &c->state, m->def.user);
    void *state = vgi_arena_calloc(&c->arena, 1, m->def.state->size);
    if (!state)
        return vgi__fail_nomem(&c->sink);
    int rc = vgi__state_decode(m->state, bytes, state, &c->arena, &c->sink);
    if (rc == VGI_OK)
        c->state = state;
    return rc;
}

int vgi__stream_resume(vgi_call *c, vgi_bytes state, const vgi_schema *input,
                       const vgi_schema *output)
{
    vgi__stream_set_schemas(c, input, output);
    vgi__call_enter(c, VGI__PHASE_OPEN);
    int status = restore(c, state);
    c->phase = VGI__PHASE_IDLE;
    if (status == VGI_OK) {
        vgi__hooks_start(c);
        c->stats = (vgi_call_statistics){ .size = sizeof(c->stats) }; /* turns count it */
        return VGI_OK;
    }
    (void)vgi__call_fail_status(c, status);
    vgi__stream_close_state(c);
    return vgi_fail(c, "RuntimeError", "Failed to deserialize state: %s",
                    c->failure.message);
}
