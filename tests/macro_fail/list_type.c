/* SPDX-License-Identifier: Apache-2.0 */
/* A list whose items are another type. */
#include "common.h"

typedef VGI_SLICE(int32_t) ints;

VGI_LIST_TYPE(ints, int64_t); /* wrong: ints is not a VGI_SLICE\(int64_t\) */
const vgi_type *const published = &vgi_type_ints;
