/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/traced.h"
#include "transport/unix/unix.h"

static char directory[64];
static char path[96];

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/vgi-unix-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/socket", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static void clients_connect(void **state)
{
    (void)state;
    char got[4];
    int listener, client, server, flags;
    ssize_t n;

    assert_int_equal(vgi__unix_listen(path, &listener, NULL), VGI_OK);
    assert_int_equal(vgi__unix_connect(path, 1000, &client, NULL), VGI_OK);
    server = accept(listener, NULL, NULL);
    assert_int_equal(write(client, "abc", 3), 3);
    n = read(server, got, sizeof(got));
    flags = fcntl(client, F_GETFL);
    close(client);
    close(server);
    close(listener);
    assert_int_equal(n, 3);
    assert_false(flags & O_NONBLOCK);
}

static void the_listener_is_nonblocking_and_private(void **state)
{
    (void)state;
    int fd;

    assert_int_equal(vgi__unix_listen(path, &fd, NULL), VGI_OK);
    const int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);
    close(fd);
    assert_true(status & O_NONBLOCK);
    assert_true(flags & FD_CLOEXEC);
}

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    int first, second, client;

    assert_int_equal(vgi__unix_listen(path, &first, NULL), VGI_OK);
    close(first); /* the file stays behind */
    assert_int_equal(vgi__unix_listen(path, &second, NULL), VGI_OK);
    const int rc = vgi__unix_connect(path, 1000, &client, NULL);
    close(client);
    close(second);
    assert_int_equal(rc, VGI_OK);
}

static void a_live_socket_is_left_alone(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    int first, second, client;

    assert_int_equal(vgi__unix_listen(path, &first, NULL), VGI_OK);
    const int rc = vgi__unix_listen(path, &second, &err);
    const int alive = vgi__unix_connect(path, 1000, &client, NULL);
    close(client);
    close(first);
    assert_int_equal(rc, VGI_EIO);
    assert_non_null(strstr(err.message, "somebody listens there"));
    assert_int_equal(alive, VGI_OK);
}

static void a_file_is_left_alone(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    struct stat st;
    int fd = open(path, O_CREAT | O_WRONLY, 0600), listener;

    close(fd);
    const int rc = vgi__unix_listen(path, &listener, &err);
    const int there = stat(path, &st);
    unlink(path);
    assert_int_equal(rc, VGI_EINVAL);
    assert_non_null(strstr(err.message, "is no socket"));
    assert_int_equal(there, 0);
}

static void long_and_empty_paths_are_refused(void **state)
{
    (void)state;
    char longest[200];
    vgi_error err = { 0 };
    int fd;

    memset(longest, 'x', sizeof(longest));
    longest[108] = '\0';
    assert_int_equal(vgi__unix_listen(longest, &fd, &err), VGI_EINVAL);
    assert_non_null(strstr(err.message, "108 bytes: 1 to 107"));
    assert_int_equal(vgi__unix_connect(longest, 0, &fd, NULL), VGI_EINVAL);
    assert_int_equal(vgi__unix_listen("", &fd, NULL), VGI_EINVAL);
}

static void the_longest_path_works(void **state)
{
    (void)state;
    char longest[108];
    int fd;

    memset(longest, 'x', sizeof(longest));
    memcpy(longest, path, strlen(path));
    longest[107] = '\0';
    assert_int_equal(vgi__unix_listen(longest, &fd, NULL), VGI_OK);
    close(fd);
    assert_int_equal(unlink(longest), 0);
}

static void nobody_there_is_said(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    int fd;

    assert_int_equal(vgi__unix_connect(path, 1000, &fd, &err), VGI_ECONNECT);
    assert_non_null(strstr(err.message, path));
}

static void an_unknown_directory_is_said(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    int fd;

    assert_int_equal(vgi__unix_listen("/no/such/directory/s", &fd, &err), VGI_EIO);
    assert_non_null(strstr(err.message, "/no/such/directory/s"));
}

static void a_full_backlog_times_out(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    int listener, fds[64], rc = VGI_OK, n = 0;

    assert_int_equal(vgi__unix_listen(path, &listener, NULL), VGI_OK);
    assert_int_equal(listen(listener, 1), 0);
    while (rc == VGI_OK && n < 64)
        rc = vgi__unix_connect(path, 30, &fds[n++], &err);
    for (int i = 0; i < n - 1; i++)
        close(fds[i]);
    close(listener);
    assert_int_equal(rc, VGI_ETIMEDOUT);
    assert_non_null(strstr(err.message, "30 ms"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        TEST(clients_connect),
        TEST(the_listener_is_nonblocking_and_private),
        TEST(a_stale_socket_is_replaced),
        TEST(a_live_socket_is_left_alone),
        TEST(a_file_is_left_alone),
        TEST(long_and_empty_paths_are_refused),
        TEST(the_longest_path_works),
        TEST(nobody_there_is_said),
        TEST(an_unknown_directory_is_said),
        TEST(a_full_backlog_times_out),
    };

    return vgi_test_run(tests);
}
