/* SPDX-License-Identifier: Apache-2.0 */
/* next has the arguments of exchange. */
#include "common.h"

static int s_open(vgi_call *call, const p *in, q *state)
{
    return call && in && state;
}
static int s_next(vgi_call *call, q *state, const vgi_batch *in, vgi_output *out)
{
    return call && state && in && out;
}
VGI_PRODUCER(s, p, q, p); /* wrong: s_next must be: [a-z]+ s_next\(.*\bq \* */
const vgi_method *const method = VGI_METHOD(s);
