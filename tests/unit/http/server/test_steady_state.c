/* SPDX-License-Identifier: Apache-2.0 */
/* After warm-up, requests do not allocate, whatever the mix of methods and outcomes. */
#include <string.h>

#include "support/http/server/surface.h"

#define KINDS 6

/* Requests whose bodies lie ready. */
typedef struct requests {
    vgi__http_header headers[3];
    vgi__http_request rq[KINDS];
    vgi__block *bodies[KINDS];
    size_t n;
} requests;

static void add(requests *r, surface *s, const char *path)
{
    vgi__buffer *sent = &s->talk.sent;
    vgi__block *body = vgi__block_new(NULL, sent->len);

    assert_non_null(body);
    memcpy(body->data, sent->data, sent->len);
    assert_true(r->n < KINDS);
    r->bodies[r->n] = body;
    r->rq[r->n++] = (vgi__http_request){ .method = VGI__HTTP_POST,
                                         .verb = VGI_LIT("POST"),
                                         .path = vgi_str_from(path),
                                         .headers = r->headers,
                                         .n_headers = 3,
                                         .body = { body->data, sent->len },
                                         .held = body,
                                         .peer = "127.0.0.1" };
    vgi__buffer_clear(sent);
}

static void prepare(requests *r, surface *s)
{
    const calc_text text = { VGI_LIT("fail") };
    const calc_count big = { 20000 };

    *r = (requests){ .headers = { { VGI_LIT("Content-Type"), VGI_LIT(ARROW_TYPE) },
                                  { VGI_LIT("Accept-Encoding"), VGI_LIT("identity") },
                                  { VGI_LIT("Origin"), VGI_LIT("https://a") } } };
    talk_add(&s->talk, SEED("add"), 1, 2);
    add(r, s, "/add");
    talk_add(&s->talk, CURRENT("add"), 1, 2);
    add(r, s, "/Calc/%61dd");
    talk_request(&s->talk, SEED("blob"), VGI_FROM(calc_count, &big), 1);
    add(r, s, "/blob");
    talk_request(&s->talk, SEED("fail"), VGI_FROM(calc_text, &text), 1);
    add(r, s, "/fail");
    talk_add(&s->talk, SEED("nope"), 1, 2);
    add(r, s, "/nope");
    talk_request(&s->talk, SEED("silent"), NULL, NULL, 0);
    add(r, s, "/silent");
}

static void round_of(const requests *r, surface *s)
{
    for (size_t i = 0; i < r->n; i++) {
        vgi__http_response_reset(&s->response);
        s->engine.handle(s->app, s->worker, &r->rq[i], &s->response);
        s->engine.sent(s->app, s->worker);
    }
}

static void test_no_allocation(void **state)
{
    const char *const origins[] = { "https://a" };
    const vgi_http_options http = { .size = sizeof(http),
                                    .cors_origins = origins,
                                    .n_cors_origins = 1 };
    requests r;
    surface s;

    (void)state;
    surface_begin(&s, NULL, &http);
    prepare(&r, &s);
    for (int i = 0; i < 3; i++)
        round_of(&r, &s);
    const uint64_t before = vgi_test_allocations();
    for (int i = 0; i < 50; i++)
        round_of(&r, &s);
    assert_int_equal(vgi_test_allocations() - before, 0);
    for (size_t i = 0; i < r.n; i++) {
        assert_true(vgi__block_unique(r.bodies[i])); /* none is held on to */
        vgi__block_unref(r.bodies[i]);
    }
    surface_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_no_allocation) };

    return vgi_test_run(tests);
}
