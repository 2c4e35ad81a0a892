/* SPDX-License-Identifier: Apache-2.0 */
/* A row of another struct than its descriptor. */
#include "common.h"

int emit(vgi_output *out);
int emit(vgi_output *out)
{
    q row = { 1 };
    return vgi_output_row(out, VGI_FROM(p, &row)); /* wrong: q \*|struct q */
}
