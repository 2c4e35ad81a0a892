/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in for a vgi_external: objects go into an array, URLs are "outside:<n>". */
#ifndef VGI_TESTS_SUPPORT_RPC_OUTSIDE_H
#define VGI_TESTS_SUPPORT_RPC_OUTSIDE_H

#include <vgirpc/server.h>

#include "wire/batch_filter.h"

enum { OUTSIDE_OBJECTS = 16 };

typedef struct outside {
    vgi__filter_source source; /* first */
    int64_t threshold;         /* of rows: a batch of so many goes */
    int64_t bytes;             /* that each of them is said to have */
    bool broken;               /* nothing can be stored, nor placed */
    vgi__buffer objects[OUTSIDE_OBJECTS];
    size_t n;
} outside;

/* It stores; upload_url is set by those who want it. */
void outside_begin(outside *o);
void outside_end(outside *o);
/* For vgi_server_options.external. */
const struct vgi_external *outside_external(const outside *o);
/* For outside.source.upload_url: "outside:put" and "outside:get". */
int outside_upload_url(const vgi__filter_source *s, vgi_arena *mem, vgi_upload_url *out,
                       vgi_error *err);
/* How many batches an object has of which the metadata has this key. */
int outside_count(const outside *o, size_t object, const char *key);

#endif
