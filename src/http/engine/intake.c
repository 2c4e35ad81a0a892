/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the memory of a request that is being received.
 *
 * A body's block grows with what has come, never with what was announced: 8 KiB, and four
 * times more whenever it is full. A peer that lies about a length pays for what it sends.
 * Mapped blocks (from 2 MiB) grow without being copied.
 *
 * Each thread keeps two blocks of bodies that it has answered, if nobody refers to them
 * any more, so that requests of one kind find their memory mapped already: `small` for
 * good, `large` until the thread has nothing to do for a while. Only the blocks of
 * requests under way count towards the budget.
 */
#include <string.h>

#include "base/alloc.h"
#include "http/engine/engine_impl.h"

#define STEP_FACTOR 4
/* Larger blocks are not kept. With huge pages a new one costs little next to reading it.
 */
#define KEEP_BYTES ((size_t)8 << 20)
/* From so many bytes on a body is received in place. */
#define IN_PLACE_BYTES ((int64_t)16 << 10)

/* Most bytes that the body can have. */
static size_t most(const vgi__intake *in)
{
    return (size_t)(in->declared > 0 ? in->declared : in->engine->options->body_bytes);
}

/* Charge for a block of `size` bytes in place of the one there is. */
static bool charge_block(vgi__intake *in, size_t size)
{
    if (!vgi__engine_charge(in->engine, (int64_t)size - in->charged))
        return false;
    in->charged = (int64_t)size;
    return true;
}

/* Room for `want` bytes of body. */
static bool make_room(vgi__intake *in, size_t want)
{
    size_t size = in->body ? in->body->size : 0;

    if (want <= size)
        return true;
    size = size == 0 ? VGI__BODY_STEP : size * STEP_FACTOR;
    if (size > most(in) && size > VGI__BODY_STEP)
        size = most(in);
    while (size < want)
        size *= STEP_FACTOR;
    if (!charge_block(in, size))
        return false;
    if (in->body)
        return vgi__block_grow(&in->body, in->len, size) == VGI_OK;
    return (in->body = vgi__block_new(in->engine->options->allocator, size)) != NULL;
}

static int take_body(void *user, const uint8_t *p, size_t n)
{
    vgi__intake *in = user;

    if (!in->body || p != in->body->data + in->len) {
        if (!make_room(in, in->len + n))
            return VGI_ENOMEM;
        memcpy(in->body->data + in->len, p, n);
    } /* else it was received in place */
    in->len += n;
    return VGI_OK;
}

static vgi__intake *intake_new(vgi__engine *e)
{
    const vgi__engine_options *o = e->options;
    const vgi__http_parser_limits limits = { .head_bytes = o->head_bytes,
                                             .headers = o->headers,
                                             .body_bytes = o->body_bytes };
    vgi__intake *in = vgi__calloc(o->allocator, 1, sizeof(*in));

    if (!in)
        return NULL;
    in->engine = e;
    if (vgi__http_parser_new(&in->parser, &limits, take_body, in, o->allocator, NULL) !=
        VGI_OK) {
        vgi__free(o->allocator, in);
        return NULL;
    }
    return in;
}

void vgi__intake_free(vgi__intake *in)
{
    if (!in)
        return;
    vgi__http_parser_free(in->parser);
    vgi__block_unref(in->body);
    vgi__free(in->engine->options->allocator, in);
}

vgi__intake *vgi__intake_get(vgi__thread *t, vgi__conn *c)
{
    if (c->intake)
        return c->intake;
    c->intake = t->intake ? t->intake : intake_new(t->engine);
    t->intake = NULL;
    return c->intake;
}

/* Keep a block for a later body, or let it go. */
static void keep_block(vgi__thread *t, vgi__block *b)
{
    vgi__block **place = b->size <= VGI__BODY_STEP ? &t->small : &t->large;

    if (t == &t->engine->keeper || b->size > KEEP_BYTES || !vgi__block_unique(b) ||
        (*place && (*place)->size >= b->size)) {
        vgi__block_unref(b);
        return;
    }
    vgi__block_unref(*place);
    *place = b;
}

void vgi__intake_put(vgi__thread *t, vgi__conn *c)
{
    vgi__intake *in = c->intake;

    c->intake = NULL;
    vgi__engine_discharge(in->engine, in->charged);
    if (in->body)
        keep_block(t, in->body);
    in->body = NULL;
    in->len = 0;
    in->declared = in->charged = 0;
    vgi__http_parser_reset(in->parser);
    if (t->intake)
        vgi__intake_free(in);
    else
        t->intake = in;
}

bool vgi__intake_expect(vgi__thread *t, vgi__intake *in)
{
    vgi__engine *e = t->engine;
    vgi__block **kept;
    bool large;

    in->declared = vgi__http_parser_length(in->parser);
    if (in->declared == 0)
        return true;
    /* What cannot fit anyway is refused before it is sent. */
    if (in->declared > e->options->body_bytes_total - atomic_load(&e->charged))
        return false;
    large = in->declared > (int64_t)VGI__BODY_STEP;
    kept = large ? &t->large : &t->small;
    /* A block that is much too large waits for a larger body. */
    if (*kept && (!large || (int64_t)((*kept)->size / STEP_FACTOR) <= in->declared) &&
        charge_block(in, (*kept)->size)) {
        in->body = *kept;
        *kept = NULL;
    }
    return true;
}

bool vgi__intake_tail(vgi__intake *in, uint8_t **p, size_t *n)
{
    const int64_t left = in->declared - (int64_t)in->len;

    *p = NULL;
    if (left < IN_PLACE_BYTES)
        return true;
    if (!make_room(in, in->len + 1))
        return false;
    *p = in->body->data + in->len;
    *n = in->body->size - in->len;
    if ((int64_t)*n > left)
        *n = (size_t)left;
    return true;
}
