/* SPDX-License-Identifier: Apache-2.0 */
#include "client/shm.h"

#include "base/alloc.h"
#include "base/fail.h"
#include "base/text.h"
#include "client/connection.h"
#include "wire/wire.h"

int vgi__client_shm_new(vgi__client_shm **out, uint64_t bytes, const vgi_limits *limits,
                        const vgi_allocator *a, vgi_error *err)
{
    vgi__client_shm *s = vgi__calloc(a, 1, sizeof(*s));
    vgi__shm *segment = NULL;
    int rc;

    if (!s)
        return vgi__fail_nomem(err);
    s->allocator = a;
    s->ours = true;
    rc = vgi__shm_create(&segment, bytes, a, err);
    if (rc == VGI_OK)
        rc = vgi__shm_port_new(&s->port, segment, limits, a, err);
    if (rc != VGI_OK) {
        vgi__client_shm_free(s);
        return rc;
    }
    s->size_len = vgi__u64_text(s->size, vgi__shm_size(segment));
    *out = s;
    return VGI_OK;
}

void vgi__client_shm_free(vgi__client_shm *s)
{
    if (!s)
        return;
    if (s->port)
        vgi__shm_unlink(vgi__shm_port_segment(s->port));
    vgi__shm_port_free(s->port);
    vgi__free(s->allocator, s);
}

bool vgi__client_shm_on(const vgi__client_shm *s)
{
    return s && s->state >= VGI__SHM_ON;
}

int vgi__client_shm_settle(vgi__client_shm *s, vgi_error *err)
{
    return vgi__client_shm_on(s) && s->ours ? vgi__shm_settle_port(s->port, err) : VGI_OK;
}

int vgi__client_shm_put(vgi__client_shm *s, vgi__writer *w, const vgi__outgoing *out,
                        vgi_error *err)
{
    if (!vgi__client_shm_on(s) || !s->ours || !out->array)
        return VGI_END;
    return vgi__shm_put(s->port, w, out->schema, out->array, &out->metadata, err);
}

void vgi__client_shm_sent(vgi__client_shm *s)
{
    if (s)
        s->ours = false;
}

int vgi__client_shm_came(vgi__client_shm *s, vgi_batch *b, vgi_error *err)
{
    if (!s)
        return VGI_OK;
    s->ours = s->ours || vgi__batch_classify(b) != VGI__BATCH_LOG;
    return vgi__client_shm_on(s) ? vgi__shm_take(s->port, b, err) : VGI_OK;
}

int vgi__client_shm_ended(vgi__client_shm *s, vgi_error *err)
{
    if (!s)
        return VGI_OK;
    s->ours = true;
    return s->state == VGI__SHM_ON_SEED ? vgi__shm_retract(s->port, err) : VGI_OK;
}

/* ---- asking ---- */

/* What the answer, or the refusal to answer, comes to. */
static vgi__shm_state state_after(const vgi_client *c, int rc)
{
    const vgi_metadata m = vgi_batch_metadata(&c->answer);
    vgi_str value;

    if (rc == VGI_EREMOTE)
        return !c->failure.current && vgi_str_eq(c->failure.info.type, "AttributeError")
                   ? VGI__SHM_ON_SEED
                   : VGI__SHM_OFF;
    return vgi_metadata_get(&m, VGI_KEY_TRANSPORT_SHM, &value) &&
                   vgi_str_eq(value, "true")
               ? VGI__SHM_ON
               : VGI__SHM_OFF;
}

static int ask(vgi_client *c, vgi_error *err)
{
    const vgi__target target = { .method = VGI_METHOD_TRANSPORT_OPTIONS, .plain = true };
    const vgi_pair can = { VGI_LIT(VGI_KEY_TRANSPORT_SHM), VGI_LIT("true") };
    const vgi__payload capabilities = { .extra = { &can, 1 } };
    int rc = vgi__client_unary(c, &target, &capabilities, err);

    if (rc != VGI_OK && rc != VGI_EREMOTE)
        return rc;
    c->shm->state = state_after(c, rc);
    vgi__failure_clear(&c->failure);
    return VGI_OK;
}

int vgi__answer_used(vgi_client *c, vgi_error *err)
{
    if (!vgi__client_shm_on(c->shm))
        return VGI_OK;
    vgi__batch_drop_data(&c->answer);
    return vgi__client_shm_settle(c->shm, err);
}

int vgi__client_share(vgi_client *c, vgi_error *err)
{
    if (!c->shm)
        return VGI_OK;
    return c->shm->state == VGI__SHM_UNASKED ? ask(c, err) : vgi__answer_used(c, err);
}
