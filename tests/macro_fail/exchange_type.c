/* SPDX-License-Identifier: Apache-2.0 */
/* exchange takes its input as a mutable batch. */
#include "common.h"

static int s_open(vgi_call *call, const p *in, q *state)
{
    return call && in && state;
}
static int s_exchange(vgi_call *call, q *state, vgi_batch *in, vgi_output *out)
{
    return call && state && in && out;
}
VGI_EXCHANGE(s, p, q, p, p); /* wrong: s_exchange must be: [a-z]+ s_exchange\(.*\bq \* */
const vgi_method *const method = VGI_METHOD(s);
