/* SPDX-License-Identifier: Apache-2.0 */
/* The batch filter: when it is asked, and what becomes of what it does. */
#include <string.h>

#include "base/fail.h"
#include "support/rpc/session.h"

typedef struct fake {
    vgi__batch_filter filter;
    int requests, resolved, offloaded, done;
    bool take;   /* offload: write a pointer in place of the batch */
    bool refuse; /* resolve: fail */
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

static int on_offload(vgi__batch_filter *f, vgi__writer *w, const vgi_schema *s,
                      const struct ArrowArray *a, const vgi_metadata *m, vgi_error *err)
{
    const vgi_pair pointer = { VGI_LIT(VGI_KEY_SHM_OFFSET), VGI_LIT("65536") };
    fake *me = (fake *)f;

    (void)m;
    assert_true(a->length > 0 && s->n_columns > 0);
    if (!me->take)
        return VGI_END;
    me->offloaded++;
    return vgi__writer_empty_batch(w, &(vgi_metadata){ &pointer, 1 }, err);
}

static void on_done(vgi__batch_filter *f)
{
    ((fake *)f)->done++;
}

static void filter_begin(conversation *t, fake *a, fake *b)
{
    const vgi__batch_filter filter = { on_request, on_resolve, on_offload, on_done,
                                       NULL };

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
    assert_int_equal(a.done, 3);
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
    assert_int_equal(a.done, 1);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_nobody_takes_it),
        cmocka_unit_test(test_cannot_resolve),
    };

    return vgi_test_run(tests);
}
