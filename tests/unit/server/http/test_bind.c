/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/http.h"
#include "support/traced.h"

static bool can_connect(uint16_t port)
{
    const struct sockaddr_in a = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool ok = connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;

    close(fd);
    return ok;
}

static void a_port_is_chosen_and_accepts(void **state)
{
    (void)state;
    const char *const hosts[] = { "127.0.0.1", "0.0.0.0" };

    for (size_t i = 0; i < 2; i++) {
        const vgi_http_options o = { .host = hosts[i] };
        vgi__http_socket s;

        assert_int_equal(vgi__http_bind(&s, &o, NULL), VGI_OK);
        const int flags = fcntl(s.fd, F_GETFL), fd_flags = fcntl(s.fd, F_GETFD);
        const bool connected = can_connect(s.port);
        close(s.fd);
        assert_true(s.port > 0);
        assert_true(connected);
        assert_true(flags & O_NONBLOCK);
        assert_true(fd_flags & FD_CLOEXEC);
    }
}

static void a_port_can_be_named_and_taken_again(void **state)
{
    (void)state;
    vgi_http_options o = { .host = "127.0.0.1" };
    vgi__http_socket first, second;
    char expected[64];
    vgi_error err;

    assert_int_equal(vgi__http_bind(&first, &o, NULL), VGI_OK);
    o.port = first.port;
    const int taken = vgi__http_bind(&second, &o, &err);
    close(first.fd);
    assert_int_equal(taken, VGI_EIO);
    snprintf(expected, sizeof(expected), "127.0.0.1 port %u: Address already in use",
             (unsigned)o.port);
    assert_string_equal(err.message, expected);
    assert_int_equal(vgi__http_bind(&second, &o, NULL), VGI_OK);
    close(second.fd);
    assert_int_equal(second.port, o.port);
}

static void ipv6_is_an_address_like_any_other(void **state)
{
    (void)state;
    const vgi_http_options o = { .host = "::1" };
    vgi__http_socket s;
    vgi_error err;
    const int rc = vgi__http_bind(&s, &o, &err);

    if (rc != VGI_OK) { /* a machine without it */
        assert_int_equal(rc, VGI_EIO);
        assert_non_null(strstr(err.message, "::1"));
        return;
    }
    close(s.fd);
    assert_true(s.port > 0);
}

static void what_cannot_be_bound_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *host, *text;
    } cases[] = {
        { "no such\thost", "no such\\x09host: " },
        { "203.0.113.1", "203.0.113.1 port 0: Cannot assign requested address" },
    };
    vgi__http_socket s;
    vgi_error err;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const vgi_http_options o = { .host = cases[i].host };

        assert_int_equal(vgi__http_bind(&s, &o, &err), VGI_EIO);
        assert_non_null(strstr(err.message, cases[i].text));
    }
}

static void a_socket_file_goes_when_it_is_still_ours(void **state)
{
    (void)state;
    char path[64];
    const vgi_http_options o = { .host = "ignored", .unix_path = path };
    vgi__http_socket first, second;

    snprintf(path, sizeof(path), "/tmp/vgi-bind-%d", (int)getpid());
    assert_int_equal(vgi__http_bind(&first, &o, NULL), VGI_OK);
    assert_int_equal(first.port, 0);
    unlink(path); /* an operator, who starts another server */
    const int rc = vgi__http_bind(&second, &o, NULL);
    vgi__unix_file_remove(&first.file);
    const int kept = access(path, F_OK);
    if (rc == VGI_OK) {
        vgi__unix_file_remove(&second.file);
        close(second.fd);
    }
    close(first.fd);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(kept, 0);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_is_chosen_and_accepts),
        cmocka_unit_test(a_port_can_be_named_and_taken_again),
        cmocka_unit_test(ipv6_is_an_address_like_any_other),
        cmocka_unit_test(what_cannot_be_bound_is_named),
        cmocka_unit_test(a_socket_file_goes_when_it_is_still_ours),
    };

    return vgi_test_run(tests);
}
