/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions between batches and described structs. */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "types/record_impl.h"

#define STACK_SLOTS 32

int vgi_batch_row(const vgi_batch *batch, int64_t row, const vgi_type *type, void *out,
                  vgi_arena *mem, vgi_error *err)
{
    _Alignas(16) uint8_t stack[STACK_SLOTS * sizeof(vgi__slot)];
    vgi__scratch scratch = { stack, sizeof(stack), { .allocator = mem->allocator } };
    const vgi_limits limits = vgi_limits_effective(NULL);
    vgi_error *report = err ? err : batch->sink;
    vgi__planner p = { .scratch = &scratch, .limits = &limits, .err = report };
    vgi__slot *slots;
    uint32_t count;
    int rc = vgi__plan_make(&p, type, VGI__ROLE_ROW, &slots, &count);
    if (rc == VGI_OK)
        rc = vgi__bind_row(slots, count, batch, row, out, mem, NULL, report);
    vgi_arena_free(&scratch.spill);
    if (rc != VGI_OK && err && batch->sink)
        *batch->sink = *err;
    return rc;
}

static void release_builder(struct ArrowArray *array)
{
    vgi__builder_free(array->private_data);
    array->release = NULL;
}

static int build_rows(vgi__record *r, const void *rows, size_t count, vgi__builder *b,
                      vgi_batch *batch, vgi_error *err)
{
    struct ArrowArray *array;
    for (size_t i = 0; i < count; i++) {
        const char *row = (const char *)rows + i * vgi__record_size(r);
        int rc = vgi__record_append(r, row, b, err);
        if (rc != VGI_OK)
            return rc;
    }
    int rc = vgi__builder_finish(b, (int64_t)count, &array, err);
    if (rc != VGI_OK)
        return rc;
    batch->imported = *array;
    batch->imported.release = release_builder;
    batch->imported.private_data = b;
    batch->root = &batch->imported;
    batch->schema = vgi_schema_ref(r->schema);
    return VGI_OK;
}

int vgi_batch_from_rows(vgi_batch **out, const vgi_type *type, const void *rows,
                        size_t count, vgi_error *err)
{
    vgi__record *r;
    vgi__builder *b = NULL;
    vgi_batch *batch = NULL;
    int rc = vgi__record_compile(&r, type, VGI__ROLE_ROW, NULL, NULL, NULL, err);
    if (rc != VGI_OK)
        return rc;
    if ((rc = vgi__batch_new(&batch, NULL, err)) == VGI_OK &&
        (rc = vgi__builder_new(&b, r->schema, NULL, NULL, err)) == VGI_OK)
        rc = build_rows(r, rows, count, b, batch, err);
    vgi__record_free(r);
    if (rc != VGI_OK) {
        vgi__builder_free(b);
        vgi_batch_unref(batch);
        return rc;
    }
    *out = batch;
    return VGI_OK;
}
