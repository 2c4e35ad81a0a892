/* SPDX-License-Identifier: Apache-2.0 */
/* Uses both installed libraries: a child serves, the parent calls. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vgirpc/client.h>
#include <vgirpc/vgirpc.h>

typedef struct operands {
    double a, b;
} operands;
VGI_STRUCT(operands, VGI_FIELD(operands, a), VGI_FIELD(operands, b));

static int add(vgi_call *call, const operands *in, double *out)
{
    (void)call;
    *out = in->a + in->b;
    return VGI_OK;
}
VGI_UNARY(add, operands, double);

static const vgi_method *const methods[] = { VGI_METHOD(add), NULL };
static const vgi_service adder = { VGI_SERVICE_INIT, .name = "Adder",
                                   .methods = methods };

static int serve(int fd)
{
    vgi_server *server = NULL;
    int rc = vgi_server_new(&server, NULL, NULL);
    if (rc == VGI_OK)
        rc = vgi_server_add(server, &adder, NULL);
    if (rc == VGI_OK)
        rc = vgi_server_serve_fds(server, fd, fd, VGI_TRANSPORT_PIPE, NULL);
    vgi_server_free(server);
    return rc;
}

static int call(int fd)
{
    vgi_client *client = NULL;
    vgi_error err = { 0 };
    vgi_arena mem = { 0 };
    operands in = { 1, 2 };
    double out = 0;
    int rc = vgi_client_open_fds(&client, fd, fd, NULL, &err);
    if (rc == VGI_OK)
        rc = vgi_client_call(client, "add", VGI_FROM(operands, &in),
                             VGI_INTO(double, &out), &mem, &err);
    if (rc != VGI_OK)
        fprintf(stderr, "%s: %s\n", vgi_status_name(rc), err.message);
    printf("%g\n", out);
    vgi_client_close(client);
    vgi_arena_free(&mem);
    return rc != VGI_OK || out < 3 || out > 3;
}

int main(void)
{
    int fds[2];
    if (strcmp(vgi_version(), VGI_VERSION_STRING) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return 1;
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        _exit(serve(fds[1]) == VGI_OK ? 0 : 1);
    }
    close(fds[1]);
    int status = -1;
    int rc = call(fds[0]);
    waitpid(pid, &status, 0);
    return rc || status != 0;
}
