/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "gcs/account.h"
#include "store/file.h"
#include "support/canned.h"
#include "support/traced.h"

enum { THREADS = 4, ROUNDS = 20 };

static canned server;

/* An account whose tokens come from the canned server. */
typedef struct fixture {
    vgi_arena mem;
    vgi__account account;
    vgi__token token;
    vgi__request request;
    char uri[64];
} fixture;

static int set_up(fixture *f, const char *const *answers, size_t n)
{
    vgi_str json;
    memset(f, 0, sizeof(*f));
    canned_init(&server);
    for (size_t i = 0; i < n; i++)
        canned_add(&server, answers[i], strlen(answers[i]),
                   i + 1 < n ? CANNED_KEEP : CANNED_AGAIN);
    assert_true(canned_start(&server, NULL));
    pthread_mutex_init(&f->token.lock, NULL);
    const char *path = VGI_COMPONENT_TESTS "/service_account.json";
    int rc = vgi__file_read(path, &f->mem, &json, NULL);
    if (rc == VGI_OK)
        rc = vgi__account_read(&f->account, json, &f->mem, NULL);
    if (rc == VGI_OK)
        rc = vgi_http_pool_new(&f->request.pool, NULL, NULL);
    snprintf(f->uri, sizeof(f->uri), "http://127.0.0.1:%d/token", server.port);
    f->account.token_uri = vgi_str_from(f->uri);
    f->request.deadline_ms = vgi__store_now_ms() + 20000;
    return rc;
}

static void tear_down(fixture *f)
{
    vgi_http_pool_free(f->request.pool);
    vgi__token_free(&f->token);
    vgi_arena_free(&f->mem);
    canned_stop(&server);
}

static int get(fixture *f, char *out, size_t n, vgi_error *err)
{
    vgi_arena mem = { 0 };
    const char *text;
    const int rc = vgi__token_get(&f->token, &f->account, &f->request, &mem, &text, err);
    if (rc == VGI_OK)
        snprintf(out, n, "%s", text);
    vgi_arena_free(&mem);
    return rc;
}

#define ANSWER(length, body) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body
static const char hour[] = ANSWER("40", "{\"access_token\":\"one\",\"expires_in\":3600}");
static const char now[] = ANSWER("37", "{\"access_token\":\"two\",\"expires_in\":0}");

static void test_kept(void **state)
{
    (void)state;
    static const char *const answers[] = { hour, now };
    fixture f;
    char text[3][16] = { "", "", "" };
    int rc = set_up(&f, answers, 2);
    for (size_t i = 0; rc == VGI_OK && i < 3; i++) {
        if (i == 2)
            vgi__token_drop(&f.token);
        rc = get(&f, text[i], sizeof(text[i]), NULL);
    }
    tear_down(&f);
    assert_int_equal(rc, VGI_OK);
    assert_string_equal(text[0], "one");
    assert_string_equal(text[1], "one");
    assert_string_equal(text[2], "two");
    assert_int_equal(server.n_requests, 2);
    assert_string_equal(canned_header(&server, 0, "Content-Type"),
                        "application/x-www-form-urlencoded");
}

/* One that is stale at once is asked for each time. */
static void test_stale(void **state)
{
    (void)state;
    static const char *const answers[] = { now };
    fixture f;
    char text[16];
    int rc = set_up(&f, answers, 1);
    for (int i = 0; rc == VGI_OK && i < 3; i++)
        rc = get(&f, text, sizeof(text), NULL);
    tear_down(&f);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(server.n_requests, 3);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *word;
    } cases[] = {
        { ANSWER("2", "{}"), "status 200" },
        { ANSWER("4", "html"), "status 200" },
        { ANSWER("19", "{\"access_token\":\"\"}"), "no access token" },
        { ANSWER("22", "{\"access_token\":\"a b\"}"), "no access token" },
        { "HTTP/1.1 401 No\r\nContent-Length: 31\r\n\r\n"
          "{\"error\":\"e\x01\",\"error_descri\":0}",
          "status 401" },
        { "HTTP/1.1 400 No\r\nContent-Length: 41\r\n\r\n"
          "{\"error\":\"e\",\"error_description\":\"why\\n\"} ",
          "status 400, e: why?" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture f;
        vgi_error err = { 0 };
        char text[16];
        int rc = set_up(&f, &cases[i].answer, 1);
        if (rc == VGI_OK)
            rc = get(&f, text, sizeof(text), &err);
        tear_down(&f);
        assert_int_equal(rc, VGI_EIO);
        assert_non_null(strstr(err.message, cases[i].word));
    }
}

static void *get_often(void *user)
{
    char text[16];
    for (int i = 0; i < ROUNDS; i++)
        if (get(user, text, sizeof(text), NULL) != VGI_OK || strcmp(text, "one") != 0)
            return user;
    return NULL;
}

/* All at once: one request is enough. */
static void test_threads(void **state)
{
    (void)state;
    static const char *const answers[] = { hour };
    fixture f;
    pthread_t threads[THREADS];
    void *failed = NULL;
    const int rc = set_up(&f, answers, 1);
    for (size_t i = 0; rc == VGI_OK && i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_often, &f), 0);
    for (size_t i = 0; rc == VGI_OK && i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        failed = result ? result : failed;
    }
    tear_down(&f);
    assert_int_equal(rc, VGI_OK);
    assert_null(failed);
    assert_int_equal(server.n_requests, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_stale),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_threads),
    };
    return vgi_test_run(tests);
}
