/* SPDX-License-Identifier: Apache-2.0 */
/* A row is read into another struct than its descriptor. */
#include "common.h"

int fill(const vgi_batch *batch, p *row, vgi_arena *mem);
int fill(const vgi_batch *b, p *row, vgi_arena *mem)
{
    return vgi_batch_row(b, 0, VGI_INTO(q, row), mem, NULL); /* wrong: p \*|struct p */
}
