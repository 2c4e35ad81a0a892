/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters have no VGI_STRUCT. */
#include <vgirpc/vgirpc.h>

typedef struct p {
    int64_t a;
} p;

static int f(vgi_call *call, const p *in, double *out)
{
    (void)call, (void)in, (void)out;
    return 0;
}
VGI_UNARY(f, p, double); /* wrong: vgi_type_p */
const vgi_method *const method = VGI_METHOD(f);
