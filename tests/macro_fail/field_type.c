/* SPDX-License-Identifier: Apache-2.0 */
/* A member whose C type has no Arrow type. */
#include <vgirpc/vgirpc.h>

typedef struct p {
    char *a;
} p;
VGI_STRUCT(p, VGI_FIELD(p, a)); /* wrong: char \* */
const vgi_type *const published = &vgi_type_p;
