/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

flow_seen flow_saw;

static int put(vgi_output *out, int64_t n)
{
    const flow_number row = { n };

    return vgi_output_row(out, VGI_FROM(flow_number, &row));
}

/* ---- producers ---- */

typedef struct count_state {
    int64_t count, next;
    vgi_str name;
} count_state;
VGI_STRUCT(count_state, VGI_FIELD(count_state, count), VGI_FIELD(count_state, next),
           VGI_FIELD(count_state, name));

static void count_destroy(count_state *st)
{
    (void)st;
    flow_saw.destroyed++;
}
VGI_ON_DESTROY(count, count_state);

static void count_cancel(vgi_call *call, count_state *st)
{
    (void)call, (void)st;
    flow_saw.cancelled++;
}
VGI_ON_CANCEL(count, count_state);

static int count_open(vgi_call *call, const flow_number *in, count_state *st)
{
    flow_saw.opened++;
    st->count = in->n;
    st->name = VGI_LIT("a name");
    return vgi_log(call, VGI_LOG_INFO, "opened");
}

static int count_next(vgi_call *call, count_state *st, vgi_output *out)
{
    if (!vgi_str_eq(st->name, "a name"))
        return vgi_fail(call, "ValueError", "the name is gone");
    if (st->next >= st->count)
        return vgi_output_finish(out);
    int rc = vgi_log(call, VGI_LOG_DEBUG, "turn %" PRId64, st->next);
    return rc == VGI_OK ? put(out, st->next++) : rc;
}
VGI_PRODUCER(count, flow_number, count_state, flow_number, .cancel = VGI_CANCEL(count),
             .destroy = VGI_DESTROY(count));

static int titled_open(vgi_call *call, const flow_number *in, count_state *st)
{
    const flow_title header = { VGI_LIT("the title") };

    if (in->n < 0)
        return vgi_fail(call, "ValueError", "not below zero");
    int rc = count_open(call, in, st);
    return rc == VGI_OK ? vgi_call_header(call, VGI_FROM(flow_title, &header)) : rc;
}

static int titled_next(vgi_call *call, count_state *st, vgi_output *out)
{
    return count_next(call, st, out);
}
VGI_PRODUCER(titled, flow_number, count_state, flow_number,
             .header = &vgi_type_flow_title);

static int fail_open(vgi_call *call, const flow_number *in, count_state *st)
{
    (void)call;
    st->count = in->n;
    return VGI_OK;
}

static int fail_next(vgi_call *call, count_state *st, vgi_output *out)
{
    if (st->next == st->count)
        return vgi_fail(call, "ValueError", "failed in turn %" PRId64, st->next);
    return put(out, st->next++);
}
VGI_PRODUCER(fail, flow_number, count_state, flow_number);

static int wide_open(vgi_call *call, const flow_number *in, flow_number *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int fill(vgi_output *out, int64_t rows)
{
    int64_t *n;
    int rc = vgi_output_i64(out, "n", (size_t)rows, &n);

    for (int64_t i = 0; rc == VGI_OK && i < rows; i++)
        n[i] = i;
    return rc;
}

static int wide_next(vgi_call *call, flow_number *st, vgi_output *out)
{
    (void)call;
    return fill(out, st->n);
}
VGI_PRODUCER(wide, flow_number, flow_number, flow_number);

static int chosen_open(vgi_call *call, const flow_number *in, count_state *st)
{
    const vgi_column column = { .name = "chosen", .format = "l" };
    vgi_schema *schema;
    int rc = vgi_schema_build(&schema, &column, 1, NULL);

    st->count = in->n;
    if (rc == VGI_OK)
        rc = vgi_call_output_schema(call, schema);
    if (rc == VGI_OK)
        vgi_schema_unref(schema);
    return rc;
}

static int chosen_next(vgi_call *call, count_state *st, vgi_output *out)
{
    int64_t *n;
    int rc;

    (void)call;
    if (st->next >= st->count)
        return vgi_output_finish(out);
    if ((rc = vgi_output_i64(out, "chosen", 1, &n)) == VGI_OK)
        *n = st->next++;
    return rc;
}
VGI_PRODUCER(chosen, flow_number, count_state, flow_number);

static int big_open(vgi_call *call, const flow_number *in, flow_title *st)
{
    char *text = vgi_call_alloc(call, (size_t)in->n);

    if (!text)
        return VGI_ENOMEM;
    memset(text, 'x', (size_t)in->n);
    st->title = (vgi_str){ text, (size_t)in->n };
    return VGI_OK;
}

static int big_next(vgi_call *call, flow_title *st, vgi_output *out)
{
    (void)call;
    return put(out, (int64_t)st->title.len);
}
VGI_PRODUCER(big, flow_number, flow_title, flow_number);

typedef struct opaque_state {
    int64_t left;
} opaque_state;
VGI_OPAQUE(opaque_state);

static int opaque_open(vgi_call *call, const flow_number *in, opaque_state *st)
{
    (void)call;
    flow_saw.opened++;
    st->left = in->n;
    return VGI_OK;
}

static int opaque_next(vgi_call *call, opaque_state *st, vgi_output *out)
{
    (void)call;
    return st->left-- > 0 ? put(out, st->left) : vgi_output_finish(out);
}
VGI_PRODUCER(opaque, flow_number, opaque_state, flow_number);

/* ---- exchanges ---- */

static int sum_open(vgi_call *call, const flow_number *in, flow_number *st)
{
    *st = *in;
    return vgi_log(call, VGI_LOG_INFO, "opened");
}

static int emit_early(vgi_call *call, flow_number *st, vgi_output *out)
{
    int rc = vgi_log(call, VGI_LOG_INFO, "before");

    if (rc == VGI_OK)
        rc = put(out, st->n);
    if (rc == VGI_OK)
        rc = vgi_output_metadata(out, "who", VGI_LIT("me"));
    if (rc == VGI_OK)
        rc = vgi_output_emit(out);
    st->n += 7; /* seen by the next turn */
    return rc == VGI_OK ? vgi_log(call, VGI_LOG_INFO, "after") : rc;
}

static int see_metadata(vgi_call *call, vgi_output *out)
{
    const vgi_metadata turn = vgi_call_turn_metadata(call);
    const vgi_metadata request = vgi_call_metadata(call);
    int rc = put(out, (int64_t)request.count);

    for (size_t i = 0; rc == VGI_OK && i < turn.count; i++) {
        vgi_str key;

        rc = vgi_concat(call, &key, (vgi_str[]){ VGI_LIT("saw-"), turn.pairs[i].key }, 2);
        if (rc == VGI_OK)
            rc = vgi_output_metadata(out, key.data, turn.pairs[i].value);
    }
    return rc;
}

static int misbehave(vgi_call *call, flow_number *st, int64_t how, vgi_output *out)
{
    int rc = vgi_log(call, VGI_LOG_WARN, "about to");

    if (rc == VGI_OK && how != FLOW_FAIL)
        rc = put(out, st->n);
    if (rc == VGI_OK && how != FLOW_FAIL)
        rc = vgi_output_emit(out);
    if (rc == VGI_OK && how != FLOW_TWICE) {
        (void)vgi_log(call, VGI_LOG_WARN, "now");
        return vgi_fail(call, "ValueError", "as told");
    }
    (void)vgi_output_emit(out);
    return rc;
}

static int sum_exchange(vgi_call *call, flow_number *st, const vgi_batch *in,
                        vgi_output *out)
{
    vgi_i64s n;
    int rc = vgi_batch_i64(in, "n", &n);

    if (rc != VGI_OK)
        return rc;
    const int64_t first = n.count > 0 ? n.items[0] : 0;
    switch (first) {
    case FLOW_EMIT_EARLY:
        return emit_early(call, st, out);
    case FLOW_FAIL:
    case FLOW_FAIL_LATE:
    case FLOW_TWICE:
        return misbehave(call, st, first, out);
    case FLOW_NOTHING:
        return VGI_OK;
    case FLOW_WIDE:
        return fill(out, 1000);
    case FLOW_SEE_METADATA:
        return see_metadata(call, out);
    default:
        for (size_t i = 0; i < n.count; i++)
            st->n += n.items[i];
        return put(out, st->n);
    }
}
VGI_EXCHANGE(sum, flow_number, flow_number, flow_number, flow_number);

static int echo_open(vgi_call *call, const flow_number *in, vgi_void *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int echo_exchange(vgi_call *call, vgi_void *st, const vgi_batch *in,
                         vgi_output *out)
{
    (void)call, (void)st;
    return vgi_output_batch(out, in);
}
VGI_EXCHANGE(echo, flow_number, vgi_void, flow_number, flow_number);

static int widen_open(vgi_call *call, const flow_number *in, vgi_void *st)
{
    return echo_open(call, in, st);
}

static int widen_exchange(vgi_call *call, vgi_void *st, const vgi_batch *in,
                          vgi_output *out)
{
    return echo_exchange(call, st, in, out);
}
VGI_EXCHANGE(widen, flow_number, vgi_void, flow_number, flow_real);

static int rows_open(vgi_call *call, const flow_number *in, flow_number *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int rows_exchange(vgi_call *call, flow_number *st, const vgi_batch *in,
                         vgi_output *out)
{
    (void)call, (void)in;
    return vgi_output_rows(out, st->n++);
}
VGI_EXCHANGE(rows, flow_number, flow_number, vgi_void, vgi_void);

static const vgi_method *const methods[] = {
    VGI_METHOD(count),  VGI_METHOD(titled), VGI_METHOD(fail), VGI_METHOD(wide),
    VGI_METHOD(chosen), VGI_METHOD(opaque), VGI_METHOD(big),  VGI_METHOD(sum),
    VGI_METHOD(echo),   VGI_METHOD(widen),  VGI_METHOD(rows), NULL,
};
const vgi_service flow_service = { VGI_SERVICE_INIT, .name = "Flow", .methods = methods };

/* ---- made at run time ---- */

static int number_open(vgi_call *call, const vgi_batch *in, void **state, void *user)
{
    vgi_i64s n;
    int rc = vgi_batch_i64(in, "n", &n);

    (void)user;
    if (rc != VGI_OK)
        return rc;
    int64_t *st = vgi_call_alloc(call, sizeof(*st));
    if (!st)
        return VGI_ENOMEM;
    *st = n.items[0];
    *state = st;
    return VGI_OK;
}

static int up_next(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                   void *user)
{
    int64_t *st = state;

    (void)call, (void)in, (void)user;
    return *st >= 0 ? put(out, (*st)--) : vgi_output_finish(out);
}

static int add_next(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                    void *user)
{
    int64_t *st = state;
    vgi_i64s n;
    int rc = vgi_batch_i64(in, "n", &n);

    (void)call, (void)user;
    for (size_t i = 0; rc == VGI_OK && i < n.count; i++)
        *st += n.items[i];
    return rc == VGI_OK ? put(out, *st) : rc;
}

static void number_close(void *state, void *user)
{
    (void)state, (void)user;
    flow_saw.closed++;
}

static int number_save(vgi_call *call, const void *state, vgi_bytes *bytes, void *user)
{
    const int64_t *st = state;
    vgi_str text;
    int rc;

    (void)user;
    if (*st == 99)
        return vgi_fail(call, "ValueError", "99 cannot be saved");
    flow_saw.saved++;
    rc = vgi_strf(call, &text, "%" PRId64, *st);
    if (rc == VGI_OK)
        *bytes = (vgi_bytes){ (const uint8_t *)text.data, text.len };
    return rc;
}

static int number_restore(vgi_call *call, vgi_bytes bytes, void **state, void *user)
{
    char text[24] = "";
    char *end;

    (void)user;
    if (bytes.len == 0 || bytes.len >= sizeof(text))
        return vgi_fail(call, "ValueError", "no number");
    memcpy(text, bytes.data, bytes.len);
    int64_t *st = vgi_call_alloc(call, sizeof(*st));
    if (!st)
        return VGI_ENOMEM;
    *st = strtoll(text, &end, 10);
    *state = st;
    flow_saw.restored++;
    return *end == '\0' ? VGI_OK : vgi_fail(call, "ValueError", "no number");
}

vgi_builder *flow_dynamic(void)
{
    const vgi_column column = { .name = "n", .format = "l" };
    vgi_schema *number;
    vgi_builder *b;

    if (vgi_schema_build(&number, &column, 1, NULL) != VGI_OK)
        return NULL;
    vgi_dynamic_stream up = { .size = sizeof(up),
                              .kind = VGI_METHOD_PRODUCER,
                              .params = number,
                              .output = number,
                              .open = number_open,
                              .next = up_next,
                              .close = number_close,
                              .save = number_save,
                              .restore = number_restore };
    vgi_dynamic_stream add = up, stuck = up;

    add.kind = VGI_METHOD_EXCHANGE;
    add.input = number;
    add.next = add_next;
    stuck.size = offsetof(vgi_dynamic_stream, save); /* of a caller that is older */
    int rc = vgi_builder_new(&b, "Dynamic", NULL, NULL);
    if (rc == VGI_OK && (vgi_builder_stream(b, "up", &up, NULL) != VGI_OK ||
                         vgi_builder_stream(b, "add", &add, NULL) != VGI_OK ||
                         vgi_builder_stream(b, "stuck", &stuck, NULL) != VGI_OK)) {
        vgi_builder_free(b);
        rc = VGI_ENOMEM;
    }
    vgi_schema_unref(number);
    return rc == VGI_OK ? b : NULL;
}
