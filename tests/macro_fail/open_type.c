/* SPDX-License-Identifier: Apache-2.0 */
/* The state of open is another than the stream's. */
#include "common.h"

static int s_open(vgi_call *call, const p *in, p *state)
{
    return call && in && state;
}
static int s_next(vgi_call *call, q *state, vgi_output *out)
{
    return call && state && out;
}
VGI_PRODUCER(s, p, q, p); /* wrong: s_open must be: [a-z]+ s_open\(.*\bq \* */
const vgi_method *const method = VGI_METHOD(s);
