/* SPDX-License-Identifier: Apache-2.0 */
/* Schema messages: what is accepted must survive every way to write a schema down. */
#include <stdlib.h>

#include "arrow/reader.h"
#include "arrow/writer.h"
#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Encoding it and reading that again yields the same types. */
static void check_encoded(const vgi_schema *s)
{
    vgi__buffer message;
    vgi_schema *back = NULL;
    size_t used = 0;
    vgi__buffer_init(&message, NULL, SIZE_MAX);
    if (vgi__schema_encode(s, &message, NULL) == VGI_OK) {
        int rc =
            vgi__schema_decode(&back, message.data, message.len, &used, NULL, NULL, NULL);
        if (rc != VGI_OK && rc != VGI_ELIMIT)
            abort();
        if (rc == VGI_OK && (used != message.len || !vgi_schema_equal(s, back)))
            abort();
    }
    vgi_schema_unref(back);
    vgi__buffer_free(&message);
}

/* So does the way through the C Data Interface. */
static void check_exported(const vgi_schema *s)
{
    struct ArrowSchema c;
    vgi_schema *back = NULL;
    if (vgi_schema_export(s, &c, NULL) != VGI_OK)
        return;
    if (vgi_schema_import(&back, &c, NULL) == VGI_OK && !vgi_schema_equal(s, back))
        abort();
    vgi_schema_unref(back);
    c.release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi_schema *s = NULL;
    size_t used = 0;
    vgi_error err;
    if (vgi__schema_decode(&s, data, size, &used, NULL, NULL, &err) != VGI_OK)
        return 0;
    if (used > size || s->n_nodes > (int32_t)(size / 16) + 1)
        abort();
    for (size_t i = 0; i < vgi_schema_columns(s) && i < 64; i++) {
        char text[200];
        (void)vgi_schema_type_text(s, i, text, sizeof(text));
    }
    check_encoded(s);
    check_exported(s);
    vgi_schema_unref(s);
    return 0;
}
