/* SPDX-License-Identifier: Apache-2.0 */
/* After warm-up, neither calls nor turns allocate; and nothing grows. */
#include "support/rpc/session.h"

#include "transport/mem/mem.h"

/* Allocations of a whole session over what `send` sends so many times. */
static uint64_t session_allocations(void (*send)(conversation *t, int times), int times)
{
    conversation t;
    vgi__io *io;

    talk_begin(&t, NULL);
    send(&t, times);
    talk_bytes(&t, "", 0);
    assert_non_null(vgi__buffer_reserve(&t.received, (size_t)times * 8192 + 65536));
    assert_int_equal(
        vgi__mem_open(&io, t.sent.data, t.sent.len, 0, &t.received, NULL, &t.error),
        VGI_OK);
    const uint64_t before = vgi_test_allocations();
    t.status = vgi__session_run(t.registry, io, &t.info, &t.error);
    const uint64_t n = vgi_test_allocations() - before;
    vgi__io_close(io);
    assert_int_equal(t.status, VGI_OK);
    talk_end(&t);
    return n;
}

static void unary(conversation *t, int times)
{
    const calc_text text = { VGI_LIT("some text that is echoed") };

    for (int i = 0; i < times; i++) {
        talk_add(t, SEED("add"), i, 1);
        talk_add(t, CURRENT("add"), i, 1);
        talk_request(t, CURRENT("echo"), VGI_FROM(calc_text, &text), 1);
        talk_request(t, SEED("silent"), NULL, NULL, 0);
        talk_request(t, SEED("log_twice"), VGI_FROM(calc_text, &text), 1);
    }
}

static void big_results(conversation *t, int times)
{
    const calc_count size = { 3000 }, big = { 5000 };

    for (int i = 0; i < times; i++)
        talk_request(t, SEED("blob"), VGI_FROM(calc_count, i % 2 ? &size : &big), 1);
}

static void failures(conversation *t, int times)
{
    const calc_text text = { VGI_LIT("with") };

    for (int i = 0; i < times; i++) {
        talk_request(t, SEED("fail"), VGI_FROM(calc_text, &text), 1);
        talk_add(t, SEED("nothing"), 1, 2);
    }
}

static void producer(conversation *t, int times)
{
    const calc_count c = { times + 1 };

    talk_request(t, SEED("count"), VGI_FROM(calc_count, &c), 1);
    talk_ticks(t, times);
}

static void exchange(conversation *t, int times)
{
    const calc_value rows[] = { { 1 }, { 2 }, { 3 } };
    vgi_batch *b;

    talk_request(t, SEED("scale"), VGI_FROM(calc_value, rows), 1);
    assert_int_equal(vgi_batch_from_rows(&b, VGI_FROM(calc_value, rows), 3, &t->error),
                     VGI_OK);
    talk_input(t, b->schema);
    vgi_batch_unref(b);
    for (int i = 0; i < times; i++)
        talk_rows(t, VGI_FROM(calc_value, rows), 3);
    talk_input_end(t);
}

static void streams(conversation *t, int times)
{
    for (int i = 0; i < times; i++)
        producer(t, 2);
}

/* Six hundred rounds more: a buffer may still have to grow once, depending on how many
 * answers happen to wait for each other, but nothing is allocated per call. */
static void same(void (*send)(conversation *t, int times))
{
    const uint64_t few = session_allocations(send, 300),
                   many = session_allocations(send, 900);

    assert_in_range(many, 0, few + 4);
}

static void test_unary(void **state)
{
    (void)state;
    same(unary);
    same(big_results);
    same(failures);
}

static void test_streams(void **state)
{
    (void)state;
    same(producer);
    same(exchange);
    same(streams);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_streams),
    };

    return vgi_test_run(tests);
}
