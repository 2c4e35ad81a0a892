/* SPDX-License-Identifier: Apache-2.0 */
/* destroy takes another state. */
#include "common.h"

static void s_destroy(p *state)
{
    (void)state;
}

VGI_ON_DESTROY(s, q); /* wrong: s_destroy must be: [a-z]+ s_destroy\(.*\bq \* */
void (*const destroy)(void *) = VGI_DESTROY(s);
