/* SPDX-License-Identifier: Apache-2.0 */
/* A server inside an application: on a socket pair, in a thread, with a hook that
 * watches calls and a pointer to the application's own data.
 *
 * RUN: embed
 * OUTPUT: add started
 * OUTPUT: add ended, 1 row out
 * OUTPUT: add started
 * OUTPUT: add ended, 1 row out
 * OUTPUT: sum is 42
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vgirpc/client.h>
#include <vgirpc/vgirpc.h>

/* What the application and its service share. */
typedef struct application {
    int64_t sum;
} application;

typedef struct add_params {
    int64_t value;
} add_params;
VGI_STRUCT(add_params, VGI_FIELD(add_params, value));

static int add(vgi_call *call, const add_params *in, int64_t *out)
{
    application *app = vgi_call_user(call);

    app->sum += in->value; /* one connection, one thread: no lock needed here */
    *out = app->sum;
    return VGI_OK;
}
VGI_UNARY(add, add_params, int64_t, .doc = "Add to the sum and return it.");

static const vgi_method *const methods[] = { VGI_METHOD(add), NULL };
static const vgi_service adder = { VGI_SERVICE_INIT, .name = "Adder",
                                   .methods = methods };

static void call_started(void *user, const vgi_dispatch_info *info, void **token)
{
    (void)user, (void)token;
    printf("%s started\n", info->method);
}

static void call_ended(void *user, void *token, const vgi_dispatch_info *info,
                       const vgi_call_statistics *stats, const vgi_error *error)
{
    (void)user, (void)token, (void)error;
    printf("%s ended, %" PRIu64 " row out\n", info->method, stats->output_rows);
}

/* The serving side. */
typedef struct serving {
    vgi_server *server;
    int fd;
} serving;

static void *serve(void *arg)
{
    serving *s = arg;

    vgi_server_serve_fds(s->server, s->fd, s->fd, VGI_TRANSPORT_UNIX, NULL);
    return NULL;
}

static int call_twice(int fd, int64_t *sum, vgi_error *err)
{
    vgi_client *client;
    vgi_arena mem = { 0 };
    int rc;

    if ((rc = vgi_client_open_fds(&client, fd, fd, NULL, err)) != VGI_OK)
        return rc;
    for (int i = 0; i < 2 && rc == VGI_OK; i++) {
        const add_params params = { .value = 21 };

        rc = vgi_client_call(client, "add", VGI_FROM(add_params, &params),
                             VGI_INTO(int64_t, sum), &mem, err);
    }
    vgi_arena_free(&mem);
    vgi_client_close(client); /* closes fd: the server sees the end of its input */
    return rc;
}

int main(void)
{
    application app = { 0 };
    const vgi_dispatch_hook hook = { .start = call_started, .end = call_ended };
    const vgi_server_options options = {
        .size = sizeof(options), .user = &app, .hooks = &hook, .n_hooks = 1
    };
    vgi_error err = { 0 };
    serving s = { 0 };
    pthread_t thread;
    int fds[2], rc;
    int64_t sum = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return 1;
    s.fd = fds[0];
    if ((rc = vgi_server_new(&s.server, &options, &err)) == VGI_OK &&
        (rc = vgi_server_add(s.server, &adder, &err)) == VGI_OK &&
        pthread_create(&thread, NULL, serve, &s) == 0) {
        rc = call_twice(fds[1], &sum, &err);
        pthread_join(thread, NULL);
    }
    if (rc == VGI_OK)
        printf("sum is %" PRId64 "\n", sum);
    else
        fprintf(stderr, "%s: %s\n", err.type, err.message);
    vgi_server_free(s.server);
    close(fds[0]);
    return rc != VGI_OK;
}
