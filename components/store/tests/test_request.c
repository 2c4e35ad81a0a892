/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "store/fail.h"
#include "store/request.h"
#include "store/text.h"
#include "support/canned.h"
#include "support/traced.h"

/* A request to the canned server, and what it has seen. */
typedef struct asker {
    int port, prepared, judged;
    int fails_at; /* the attempt whose preparation fails; 0: none */
} asker;

static canned server;

static int prepare(void *user, vgi_http_transfer *transfer, vgi_arena *mem,
                   vgi_error *err)
{
    asker *a = user;
    if (++a->prepared == a->fails_at)
        return vgi__store_fail(err, VGI_ENOTFOUND, "no key");
    transfer->method = "PUT";
    transfer->url = vgi__text_format(mem, "http://127.0.0.1:%d/x", a->port);
    transfer->body = (vgi_bytes){ (const uint8_t *)"body", 4 };
    return transfer->url ? VGI_OK : vgi__store_nomem(err);
}

static vgi__verdict judge(void *user, const vgi_http_answer *answer, vgi_error *err)
{
    asker *a = user;
    a->judged++;
    if (answer->status == 200)
        return VGI__VERDICT_DONE;
    vgi__store_fail(err, VGI_EIO, "status %d", answer->status);
    return vgi__status_passes(answer->status) ? VGI__VERDICT_AGAIN : VGI__VERDICT_FAILED;
}

static void add(const char *answer, canned_after after)
{
    canned_add(&server, answer, strlen(answer), after);
}

static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char busy[] = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
static const char denied[] = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n";

static int run(asker *a, unsigned retries, unsigned deadline_ms, vgi_error *err)
{
    vgi_arena mem = { 0 };
    vgi_http_answer answer;
    vgi__request request = { .deadline_ms = vgi__store_now_ms() + deadline_ms,
                             .retries = retries,
                             .prepare = prepare,
                             .judge = judge,
                             .user = a };
    assert_true(canned_start(&server, NULL));
    a->port = server.port;
    int rc = vgi_http_pool_new(&request.pool, NULL, err);
    if (rc == VGI_OK)
        rc = vgi__request_run(&request, &mem, &answer, err);
    vgi_http_pool_free(request.pool);
    vgi_arena_free(&mem);
    canned_stop(&server);
    return rc;
}

static void test_first_attempt(void **state)
{
    (void)state;
    asker a = { 0 };
    canned_init(&server);
    add(good, CANNED_KEEP);
    assert_int_equal(run(&a, 2, 5000, NULL), VGI_OK);
    assert_int_equal(a.prepared, 1);
    assert_int_equal(server.n_requests, 1);
}

static void test_again(void **state)
{
    (void)state;
    asker a = { 0 };
    canned_init(&server);
    add(busy, CANNED_KEEP);
    add("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", CANNED_CLOSE);
    add(good, CANNED_KEEP);
    const uint64_t started = vgi__store_now_ms();
    assert_int_equal(run(&a, 2, 20000, NULL), VGI_OK);
    assert_int_equal(a.prepared, 3); /* anew each time */
    assert_int_equal(a.judged, 2);
    assert_true(vgi__store_now_ms() - started >= 50 + 100);
}

static void test_given_up(void **state)
{
    (void)state;
    asker a = { 0 };
    vgi_error err = { 0 };
    canned_init(&server);
    add(busy, CANNED_AGAIN);
    assert_int_equal(run(&a, 1, 20000, &err), VGI_EIO);
    assert_string_equal(err.message, "status 503");
    assert_int_equal(a.prepared, 2);

    asker refused = { 0 };
    canned_init(&server);
    add(denied, CANNED_AGAIN);
    assert_int_equal(run(&refused, 5, 20000, &err), VGI_EIO);
    assert_string_equal(err.message, "status 403");
    assert_int_equal(refused.prepared, 1);
}

static void test_preparation_fails(void **state)
{
    (void)state;
    asker a = { .fails_at = 2 };
    vgi_error err = { 0 };
    canned_init(&server);
    add(busy, CANNED_AGAIN);
    assert_int_equal(run(&a, 5, 20000, &err), VGI_ENOTFOUND);
    assert_string_equal(err.message, "no key");
    assert_int_equal(a.prepared, 2);
}

static void test_deadline(void **state)
{
    (void)state;
    asker a = { 0 };
    const uint64_t started = vgi__store_now_ms();
    canned_init(&server);
    add("HTTP/1.1 200 OK\r\n", CANNED_STALL);
    assert_int_equal(run(&a, 5, 300, NULL), VGI_ETIMEDOUT);
    assert_int_equal(a.prepared, 1);

    /* Waiting for the next attempt does not go beyond it either. */
    asker patient = { 0 };
    canned_init(&server);
    add(busy, CANNED_AGAIN);
    assert_int_equal(run(&patient, 50, 500, NULL), VGI_EIO);
    assert_true(patient.prepared >= 2 && patient.prepared < 5);
    assert_true(vgi__store_now_ms() - started < 5000);
}

static void test_statuses(void **state)
{
    (void)state;
    static const int passing[] = { 408, 429, 500, 502, 503, 504, 599 };
    static const int final[] = { 200, 301, 400, 401, 403, 404, 409, 412, 501 };
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        assert_true(vgi__status_passes(passing[i]));
    for (size_t i = 0; i < sizeof(final) / sizeof(final[0]); i++)
        assert_false(vgi__status_passes(final[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_attempt), cmocka_unit_test(test_again),
        cmocka_unit_test(test_given_up),      cmocka_unit_test(test_preparation_fails),
        cmocka_unit_test(test_deadline),      cmocka_unit_test(test_statuses),
    };
    return vgi_test_run(tests);
}
