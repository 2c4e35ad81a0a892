/* SPDX-License-Identifier: Apache-2.0 */
/* A correct stream to break in one place: see the other files. */
#ifndef COMMON_H
#define COMMON_H

#include <vgirpc/vgirpc.h>

typedef struct p {
    int64_t a;
} p;
typedef struct q {
    int64_t a;
} q;
VGI_STRUCT(p, VGI_FIELD(p, a));
VGI_STRUCT(q, VGI_FIELD(q, a));

#endif
