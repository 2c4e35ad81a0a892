/* SPDX-License-Identifier: Apache-2.0 */
/* The batch filter: when it is asked, and what becomes of what it does. */
#include <string.h>

#include "base/fail.h"
#include "support/rpc/session.h"

typedef struct fake {
    vgi__batch_filter filter;
    int requests, resolved, asked, offloaded, released;
    bool take;   /* offload: write a pointer in place of the batch */
    bool refuse; /* resolve: fail */
    bool broken; /* intact: fail */
    size_t lend; /* room: so many values */
    double items[8];
    const void *lent; /* what offload found as the first column */
} fake;

static int on_request(vgi__batch_filter *f, const vgi_metadata *m, vgi_error *err)
{
    (void)err;
    assert_true(vgi_metadata_get(m, VGI_KEY_METHOD, NULL));
    ((fake *)f)->requests++;
    return VGI_OK;
}

static int on_resolve(vgi__batch_filter *f, vgi_batch *b, vgi_error *err)
{
    fake *me = (fake *)f;

    (void)b;
    me->resolved++;
    return me->refuse ? vgi__fail(err, VGI_EIO, NULL, "nothing is there") : VGI_OK;
}

static int on_offload(vgi__batch_filter *f, vgi__writer *w, const vgi__offer *offer,
                      vgi_error *err)
{
    const struct ArrowArray *a = offer->array;
    const vgi_pair pointer = { VGI_LIT(VGI_KEY_SHM_OFFSET), VGI_LIT("65536") };
    fake *me = (fake *)f;

    assert_true(a->length > 0 && offer->schema->n_columns > 0);
    me->lent = a->children[0]->buffers[1];
    if (!me->take)
        return VGI_END;
    me->offloaded++;
    return vgi__writer_empty_batch(w, &(vgi_metadata){ &pointer, 1 }, err);
}

static int on_intact(vgi__batch_filter *f, vgi_error *err)
{
    fake *me = (fake *)f;

    me->asked++;
    return me->broken ? vgi__fail(err, VGI_EPROTO, "ValueError", "it is gone") : VGI_OK;
}

static void *on_room(vgi__batch_filter *f, const vgi_schema *s, int32_t node,
                     int64_t rows)
{
    fake *me = (fake *)f;

    assert_int_equal(s->nodes[node].width, 8);
    return (size_t)rows <= me->lend ? me->items : NULL;
}

static void on_release(vgi__batch_filter *f, vgi_batch *b)
{
    assert_non_null(b);
    ((fake *)f)->released++;
}

static void filter_begin(conversation *t, fake *a, fake *b)
{
    const vgi__batch_filter filter = { .request = on_request,
                                       .resolve = on_resolve,
                                       .intact = on_intact,
                                       .room = on_room,
                                       .offload = on_offload,
                                       .release = on_release };

    *a = (fake){ .filter = filter };
    *b = (fake){ .filter = filter };
    a->filter.next = &b->filter;
    talk_begin(t, NULL);
    t->info.filter = &a->filter;
}

static void test_chain(void **state)
{
    const calc_count c = { 2 };
    conversation t;
    fake a, b;

    (void)state;
    filter_begin(&t, &a, &b);
    b.take = true;
    talk_add(&t, SEED("add"), 1, 2);
    talk_request(&t, SEED("silent"), NULL, NULL, 0);
    talk_request(&t, SEED("count"), VGI_FROM(calc_count, &c), 1);
    talk_ticks(&t, 3);
    assert_int_equal(talk_go(&t), VGI_OK);

    talk_expect_stream(&t, 1);
    assert_int_equal(vgi__reader_next(t.reader, &t.batch, &t.error), VGI_OK);
    assert_int_equal(vgi__batch_classify(&t.batch), VGI__BATCH_SHM);
    talk_expect_end(&t);
    talk_expect_stream(&t, 0);
    talk_expect_rows(&t, 0); /* without rows nothing is offloaded */
    talk_expect_end(&t);
    assert_int_equal(a.requests, 3);
    assert_int_equal(b.requests, 3);
    assert_int_equal(a.resolved, 6); /* three requests, three ticks */
    assert_int_equal(b.offloaded, 3);
    assert_int_equal(a.offloaded, 0);
    assert_int_equal(a.released, 6); /* once for each of these */
    talk_end(&t);
}

static void test_nobody_takes_it(void **state)
{
    conversation t;
    fake a, b;

    (void)state;
    filter_begin(&t, &a, &b);
    talk_add(&t, CURRENT("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

static void test_cannot_resolve(void **state)
{
    conversation t;
    fake a, b;

    (void)state;
    filter_begin(&t, &a, &b);
    b.refuse = true;
    talk_add(&t, CURRENT("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_error(&t, "OSError", "nothing is there");
    assert_int_equal(a.released, 1);
    talk_end(&t);
}

/* What a handler worked on turns out to be nothing: no result, not even an empty one. */
static void test_not_intact(void **state)
{
    conversation t;
    fake a, b;

    (void)state;
    filter_begin(&t, &a, &b);
    b.broken = true;
    talk_add(&t, CURRENT("add"), 1, 2);
    talk_request(&t, SEED("silent"), NULL, NULL, 0);
    assert_int_equal(talk_go(&t), VGI_OK);
    for (int i = 0; i < 2; i++) {
        talk_expect_stream(&t, i == 0);
        talk_expect_exception(&t, "ValueError", "it is gone");
        talk_expect_end(&t);
    }
    assert_int_equal(a.asked, 2);
    talk_end(&t);
}

/* A whole column is written where a filter wants it, if that has room. */
static void test_room(void **state)
{
    const calc_value factor = { 3 };
    const calc_value rows[] = { { 1 }, { 2 }, { 3 }, { 4 } };
    conversation t;
    vgi_batch *like = NULL;
    fake a, b;

    (void)state;
    filter_begin(&t, &a, &b);
    b.lend = 2;
    talk_request(&t, SEED("scale"), VGI_FROM(calc_value, &factor), 1);
    assert_int_equal(vgi_batch_from_rows(&like, VGI_FROM(calc_value, rows), 1, NULL),
                     VGI_OK);
    talk_input(&t, vgi_batch_schema(like));
    vgi_batch_unref(like);
    talk_rows(&t, VGI_FROM(calc_value, rows), 2);
    talk_rows(&t, VGI_FROM(calc_value, rows), 4);
    talk_input_end(&t);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_ptr_not_equal(b.lent, b.items);
    assert_true(b.items[1] == 6);
    talk_expect_stream(&t, 1);
    for (int64_t n = 2; n <= 4; n += 2) {
        vgi_f64s values;

        talk_expect_rows(&t, n);
        assert_int_equal(vgi_batch_f64(&t.batch, "value", &values), VGI_OK);
        for (int64_t i = 0; i < n; i++)
            assert_true(values.items[i] == (double)(3 * (i + 1)));
    }
    talk_expect_end(&t);
    talk_end(&t);
}

static void test_negotiation(void **state)
{
    static const char *const answers[] = { "false", "true" };
    conversation t;
    fake a, b;

    (void)state;
    for (int i = 0; i < 2; i++) {
        filter_begin(&t, &a, &b);
        b.filter.capability = i ? VGI_KEY_TRANSPORT_SHM : "something else";
        talk_request(&t, SEED(VGI_METHOD_TRANSPORT_OPTIONS), NULL, NULL, 0);
        talk_request(&t, CURRENT(VGI_METHOD_TRANSPORT_OPTIONS), NULL, NULL, 0);
        assert_int_equal(talk_go(&t), VGI_OK);
        for (int k = 0; k < 2; k++) {
            talk_expect_stream(&t, 0);
            talk_expect_rows(&t, 0);
            assert_string_equal(talk_key(&t, VGI_KEY_TRANSPORT_SHM), answers[i]);
            assert_string_equal(talk_key(&t, VGI_KEY_REQUEST_VERSION), "1");
            assert_string_equal(talk_key(&t, VGI_KEY_SERVER_ID), "test");
            talk_expect_end(&t);
        }
        talk_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),          cmocka_unit_test(test_nobody_takes_it),
        cmocka_unit_test(test_cannot_resolve), cmocka_unit_test(test_not_intact),
        cmocka_unit_test(test_room),           cmocka_unit_test(test_negotiation),
    };

    return vgi_test_run(tests);
}
