/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch hooks: when they run, what they are told, what they count. */
#include "support/rpc/session.h"

#include <stdio.h>
#include <string.h>

static char journal[4096];

static void note(const char *fmt, ...) VGI_PRINTF(1, 2);
static void note(const char *fmt, ...)
{
    size_t n = strlen(journal);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(journal + n, sizeof(journal) - n, fmt, ap);
    va_end(ap);
}

static void started(void *user, const vgi_dispatch_info *info, void **token)
{
    note("%s+%s.%s(%s)%s ", (const char *)user, info->service, info->method,
         info->method_type, info->current_epoch ? "c" : "s");
    assert_int_equal(strlen(info->request_id), 16);
    assert_string_equal(info->server_id, "test");
    assert_false(info->auth->authenticated);
    assert_int_equal(info->transport, VGI_TRANSPORT_MEMORY);
    assert_true(vgi_metadata_get(&info->metadata, VGI_KEY_METHOD, NULL));
    *token = user;
}

static void ended(void *user, void *token, const vgi_dispatch_info *info,
                  const vgi_call_statistics *s, const vgi_error *error)
{
    assert_ptr_equal(user, token);
    assert_non_null(info->method);
    note("%s-%s[%llu/%llu %llu/%llu] ", (const char *)user, error ? error->type : "ok",
         (unsigned long long)s->input_batches, (unsigned long long)s->input_rows,
         (unsigned long long)s->output_batches, (unsigned long long)s->output_rows);
    if (s->output_rows > 0)
        assert_true(s->output_bytes > 0);
}

static void with_hooks(conversation *t)
{
    const vgi_dispatch_hook hooks[] = { { started, ended, (void *)(uintptr_t) "A" },
                                        { started, ended, (void *)(uintptr_t) "B" } };
    const vgi_server_options o = {
        .size = sizeof(o), .server_id = "test", .hooks = hooks, .n_hooks = 2
    };

    journal[0] = '\0';
    talk_begin(t, &o);
}

static void test_unary(void **state)
{
    const calc_text text = { VGI_LIT("fail") };
    conversation t;

    (void)state;
    with_hooks(&t);
    talk_add(&t, SEED("add"), 1, 2);
    talk_request(&t, CURRENT("fail"), VGI_FROM(calc_text, &text), 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_string_equal(journal, "A+Calc.add(unary)s B+Calc.add(unary)s B-ok[1/1 1/1] "
                                 "A-ok[1/1 1/1] "
                                 "A+Calc.fail(unary)c B+Calc.fail(unary)c "
                                 "B-ValueError[1/1 0/0] A-ValueError[1/1 0/0] ");
    talk_end(&t);
}

static void test_stream(void **state)
{
    const calc_count c = { 2 };
    conversation t;

    (void)state;
    with_hooks(&t);
    talk_request(&t, SEED("titled"), VGI_FROM(calc_count, &c), 1);
    talk_ticks(&t, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    /* the request, and a header and two batches; ticks are no input */
    assert_non_null(strstr(journal, "B-ok[1/1 3/3] A-ok[1/1 3/3] "));
    talk_end(&t);
}

/* A request that reaches no method is no dispatch; a description is one. */
static void test_what_is_a_dispatch(void **state)
{
    conversation t;

    (void)state;
    with_hooks(&t);
    talk_add(&t, SEED("nothing"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_string_equal(journal, "");
    talk_end(&t);

    with_hooks(&t);
    talk_request(&t, SEED("__describe__"), NULL, NULL, 0);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_non_null(strstr(journal, "A+Calc.__describe__(unary)s "));
    talk_end(&t);
}

static void test_open_failure(void **state)
{
    const calc_count c = { -1 };
    conversation t;

    (void)state;
    with_hooks(&t);
    talk_request(&t, SEED("count"), VGI_FROM(calc_count, &c), 1);
    talk_ticks(&t, 0);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_string_equal(journal, "A+Calc.count(stream)s B+Calc.count(stream)s "
                                 "B-ValueError[1/1 0/0] A-ValueError[1/1 0/0] ");
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_what_is_a_dispatch),
        cmocka_unit_test(test_open_failure),
    };

    return vgi_test_run(tests);
}
