/* SPDX-License-Identifier: Apache-2.0 */
#include "surface.h"

#include <string.h>

#include "http/proto/fields.h"

static const char key[] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

static void serve(surface *s, const vgi_http_options *http)
{
    const vgi_http_options standard = { .size = sizeof(standard),
                                        .signing_key = key,
                                        .signing_key_bytes = 32 };

    vgi__http_response_init(&s->response, NULL);
    vgi__buffer_init(&s->body, NULL, SIZE_MAX);
    assert_int_equal(vgi__app_new(&s->app, s->talk.registry, http ? http : &standard,
                                  NULL, &s->talk.error),
                     VGI_OK);
    s->engine = vgi__app_callbacks(s->app);
    assert_int_equal(s->engine.worker_new(s->app, &s->worker, &s->talk.error), VGI_OK);
}

void surface_begin(surface *s, const vgi_server_options *options,
                   const vgi_http_options *http)
{
    *s = (surface){ .n_headers = 0 };
    talk_begin(&s->talk, options);
    serve(s, http);
}

void surface_begin_with(surface *s, const vgi_http_options *http,
                        const vgi_service *primary)
{
    *s = (surface){ .n_headers = 0 };
    talk_begin_with(&s->talk, NULL, primary);
    serve(s, http);
}

void surface_end(surface *s)
{
    s->engine.worker_free(s->app, s->worker);
    vgi__app_free(s->app);
    vgi__http_response_free(&s->response);
    talk_end(&s->talk);
    vgi__buffer_free(&s->body);
}

void surface_header(surface *s, const char *name, const char *value)
{
    assert_true(s->n_headers < sizeof(s->headers) / sizeof(s->headers[0]));
    s->headers[s->n_headers++] =
        (vgi__http_header){ vgi_str_from(name), vgi_str_from(value) };
}

static vgi__http_method method_of(const char *verb)
{
    for (int m = VGI__HTTP_GET; m <= VGI__HTTP_OPTIONS; m++)
        if (strcmp(verb, vgi__http_verb((vgi__http_method)m)) == 0)
            return (vgi__http_method)m;
    return VGI__HTTP_OTHER;
}

/* Be ready to read the body as the answers of a session. */
static void take_response(surface *s)
{
    assert_false(s->response.head.failed);
    vgi__buffer_clear(&s->body);
    if (s->response.n_iov == 0)
        vgi__buffer_append(&s->body, s->response.body.data, s->response.body.len);
    for (size_t i = 0; i < s->response.n_iov; i++)
        vgi__buffer_append(&s->body, s->response.iov[i].iov_base,
                           s->response.iov[i].iov_len);
    assert_false(s->body.failed);
    talk_read(&s->talk, s->body.data, s->body.len);
}

int surface_ask(surface *s, const char *method, const char *path)
{
    conversation *t = &s->talk;
    /* A block of its own, so that what is used too late shows. */
    vgi__block *held = vgi__block_new(NULL, t->sent.len + 1);
    const char *query = strchr(path, '?');
    vgi__http_request rq = { .method = method_of(method),
                             .verb = vgi_str_from(method),
                             .path = vgi_str_from(path),
                             .minor = 1,
                             .keep_alive = true,
                             .headers = s->headers,
                             .n_headers = s->n_headers,
                             .held = held,
                             .peer = "127.0.0.1" };

    assert_non_null(held);
    if (t->sent.len > 0)
        memcpy(held->data, t->sent.data, t->sent.len);
    rq.body = (vgi_bytes){ held->data, t->sent.len };
    if (query) {
        rq.path.len = (size_t)(query - path);
        rq.query = vgi_str_from(query + 1);
    }
    vgi__http_response_reset(&s->response);
    s->engine.handle(s->app, s->worker, &rq, &s->response);
    take_response(s);
    s->engine.sent(s->app, s->worker);
    vgi__block_unref(held);
    vgi__buffer_clear(&t->sent);
    s->n_headers = 0;
    return s->response.status;
}

int surface_post(surface *s, const char *path)
{
    surface_header(s, "Content-Type", ARROW_TYPE);
    return surface_ask(s, "POST", path);
}

const char *surface_answer(surface *s, const char *name)
{
    static char text[1024];
    const char *at = (const char *)s->response.head.data;
    const char *end = at + s->response.head.len;
    const size_t n = strlen(name);
    const char *found = NULL;

    while (at < end) {
        const char *next = memchr(at, '\n', (size_t)(end - at));

        assert_true(next && next > at && next[-1] == '\r');
        if (vgi__http_equal((vgi_str){ at, n }, name) && at[n] == ':') {
            size_t len = (size_t)(next - 1 - (at + n + 2));

            assert_null(found);
            assert_true(len < sizeof(text));
            memcpy(text, at + n + 2, len);
            text[len] = '\0';
            found = text;
        }
        at = next + 1;
    }
    return found;
}

void surface_expect(surface *s, const char *name, const char *value)
{
    const char *answer = surface_answer(s, name);

    if (!answer != !value || (value && strcmp(answer, value) != 0))
        fail_msg("%s is '%s', not '%s'", name, answer ? answer : "(absent)",
                 value ? value : "(absent)");
}

const char *surface_text(surface *s)
{
    assert_true(vgi__buffer_append(&s->body, "", 1));
    s->body.len--;
    return (const char *)s->body.data;
}
