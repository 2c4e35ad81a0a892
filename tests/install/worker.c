/* SPDX-License-Identifier: Apache-2.0 */
/* A worker of the core's API alone. */
#include <vgirpc/vgirpc.h>

static int one(vgi_call *call, const vgi_void *in, int64_t *out)
{
    (void)call, (void)in;
    *out = 1;
    return VGI_OK;
}
VGI_UNARY(one, vgi_void, int64_t);

static const vgi_method *const methods[] = { VGI_METHOD(one), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "One",
                                     .methods = methods };

int main(int argc, char **argv)
{
    return vgi_serve(&service, argc, argv);
}
