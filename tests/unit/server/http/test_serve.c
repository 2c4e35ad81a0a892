/* SPDX-License-Identifier: Apache-2.0 */
/* vgi_server_serve_http on a Unix socket, in a thread; requests are made by hand. */
#include <sys/socket.h>

#include <vgirpc/http.h>

#include "../service.h"
#include "base/clock.h"

typedef struct fixture {
    vgi_server *server;
    vgi_http_options options;
    char path[64];
    pthread_t thread;
    int rc;
    vgi_error err;
} fixture;

static void *serve(void *arg)
{
    fixture *f = arg;

    f->rc = vgi_server_serve_http(f->server, &f->options, &f->err);
    return NULL;
}

/* A server that accepts. */
static void begin(fixture *f, const vgi_server_options *options)
{
    *f = (fixture){ .options = { .size = sizeof(f->options),
                                 .threads = 2,
                                 .max_threads = 2,
                                 .signing_key = "key",
                                 .signing_key_bytes = 3 } };
    snprintf(f->path, sizeof(f->path), "/tmp/vgi-serve-%d", (int)getpid());
    f->options.unix_path = f->path;
    assert_int_equal(make_server(&f->server, options), VGI_OK);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    for (int i = 0; i < 500 && access(f->path, F_OK) != 0; i++)
        (void)poll(NULL, 0, 2);
}

static void finish(fixture *f)
{
    vgi_server_stop(f->server);
    pthread_join(f->thread, NULL);
    vgi_server_free(f->server);
}

/* Send bytes; the descriptor, or -1. The file is there a moment before anybody listens.
 */
static int send_text(const char *path, const char *text)
{
    int fd = -1;

    for (int i = 0; i < 500 && vgi__unix_connect(path, 1000, &fd, NULL) != VGI_OK; i++)
        (void)poll(NULL, 0, 2);
    if (fd < 0)
        return -1;
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text))
        return fd;
    close(fd);
    return -1;
}

/* All that comes until the end of the connection; closes it. */
static void receive(int fd, char *text, size_t size)
{
    size_t n = 0;
    ssize_t got = 1;

    while (fd >= 0 && got > 0 && n < size - 1) {
        got = read(fd, text + n, size - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    text[n] = '\0';
    if (fd >= 0)
        close(fd);
}

static const char get_health[] =
    "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

static void health_is_answered_and_stop_ends_it(void **state)
{
    (void)state;
    char text[2048];
    fixture f;

    begin(&f, NULL);
    receive(send_text(f.path, get_health), text, sizeof(text));
    finish(&f);
    assert_int_equal(f.rc, VGI_OK);
    assert_int_equal(strncmp(text, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_non_null(strstr(text, "\"status\":\"ok\""));
    assert_non_null(strstr(text, "\"protocol\":\"Test\""));
    assert_int_equal(access(f.path, F_OK), -1);
}

static void two_serves_of_one_server_stop_together(void **state)
{
    (void)state;
    char text[2048], path[80];
    fixture f, g;

    begin(&f, NULL);
    g = f;
    snprintf(path, sizeof(path), "%s-b", f.path);
    g.options.unix_path = path;
    const int made = pthread_create(&g.thread, NULL, serve, &g);
    for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
        (void)poll(NULL, 0, 2);
    receive(send_text(path, get_health), text, sizeof(text));
    vgi_server_stop(f.server);
    if (made == 0)
        pthread_join(g.thread, NULL);
    finish(&f);
    assert_int_equal(made, 0);
    assert_int_equal(f.rc, VGI_OK);
    assert_int_equal(g.rc, VGI_OK);
    assert_non_null(strstr(text, "200 OK"));
}

static int refuse_to_start(vgi_server *server, vgi_transport_kind kind, void *user,
                           vgi_error *err)
{
    (void)server, (void)err;
    *(vgi_transport_kind *)user = kind;
    return VGI_ECANCELLED;
}

static void the_start_hook_can_stop_it(void **state)
{
    (void)state;
    vgi_transport_kind kind = VGI_TRANSPORT_PIPE;
    const vgi_server_options options = { .size = sizeof(options),
                                         .user = &kind,
                                         .on_serve_start = refuse_to_start };
    vgi_server *server;

    assert_int_equal(make_server(&server, &options), VGI_OK);
    const int rc = vgi_server_serve_http(server, NULL, NULL);
    vgi_server_free(server);
    assert_int_equal(rc, VGI_ECANCELLED);
    assert_int_equal(kind, VGI_TRANSPORT_HTTP);
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    static const struct {
        vgi_http_options options;
        const char *text;
    } cases[] = {
        { { .size = 0 }, "size" },
        { { .size = sizeof(vgi_http_options), .prefix = "x" }, "prefix" },
        { { .size = sizeof(vgi_http_options), .max_request_bytes = -1 },
          "max_request_bytes" },
        { { .size = sizeof(vgi_http_options), .threads = 5, .max_threads = 4 },
          "max_threads" },
        { { .size = sizeof(vgi_http_options), .zstd_level = 20 }, "zstd_level" },
    };
    vgi_server *server;
    int rc[5];
    vgi_error err[5] = { { 0 } };

    assert_int_equal(make_server(&server, NULL), VGI_OK);
    for (size_t i = 0; i < 5; i++)
        rc[i] = vgi_server_serve_http(server, &cases[i].options, &err[i]);
    vgi_server_free(server);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rc[i], VGI_EINVAL);
        assert_non_null(strstr(err[i].message, cases[i].text));
    }
}

static void a_stopped_server_serves_no_more(void **state)
{
    (void)state;
    vgi_server *server;

    assert_int_equal(make_server(&server, NULL), VGI_OK);
    vgi_server_stop(server);
    const uint64_t from = vgi__clock_ns();
    const int rc = vgi_server_serve_http(server, NULL, NULL);
    const uint64_t ms = (vgi__clock_ns() - from) / 1000000;
    vgi_server_free(server);
    assert_int_equal(rc, VGI_OK);
    assert_true(ms < 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_is_answered_and_stop_ends_it),
        cmocka_unit_test(two_serves_of_one_server_stop_together),
        cmocka_unit_test(the_start_hook_can_stop_it),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(a_stopped_server_serves_no_more),
    };

    return vgi_test_run(tests);
}
