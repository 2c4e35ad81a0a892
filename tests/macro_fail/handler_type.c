/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters are another struct than the one that is published. */
#include "common.h"

static int f(vgi_call *call, const p *in, double *out)
{
    (void)call, (void)in, (void)out;
    return 0;
}
VGI_UNARY(f, q, double); /* wrong: f must be: int f.*const q \*, double \* */
const vgi_method *const method = VGI_METHOD(f);
