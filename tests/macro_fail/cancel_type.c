/* SPDX-License-Identifier: Apache-2.0 */
/* cancel returns a status. */
#include "common.h"

static int s_cancel(vgi_call *call, q *state)
{
    return call && state;
}

VGI_ON_CANCEL(s, q); /* wrong: s_cancel must be: [a-z]+ s_cancel\(.*\bq \* */
void (*const cancel)(vgi_call *, void *) = VGI_CANCEL(s);
