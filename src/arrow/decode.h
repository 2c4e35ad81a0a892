/* SPDX-License-Identifier: Apache-2.0 */
/* From a record batch message to arrays. */
#ifndef VGI_ARROW_DECODE_H
#define VGI_ARROW_DECODE_H

#include "arrow/batch.h"
#include "arrow/message.h"

typedef struct vgi__dictionary_table vgi__dictionary_table; /* arrow/dictionary.h */

typedef struct vgi__decode_input {
    vgi__message
        *message; /* header: the RecordBatch (of a dictionary message: the one inside) */
    const uint8_t *body; /* message->body_bytes of them */
    vgi__block
        *block; /* that `body` lies in; NULL: borrowed, the batch will not be `whole` */
    /* Others may write to the body meanwhile: what memory safety and the promise that
     * text is UTF-8 rest on is copied before it is checked. */
    bool shared;
    vgi__block **spare; /* a block to inflate into, reused when unique; NULL: none */
    const vgi_limits *limits;
    int64_t inflate_limit;               /* what the body may be inflated to */
    int64_t inflated;                    /* out: what was, even if that failed */
    vgi__dictionary_table *dictionaries; /* of the stream; NULL: the schema is plain */
} vgi__decode_input;

/* Fill `b`, which must have no data, with the arrays of a record batch of schema `s`;
 * everything is validated. VGI_EPROTO, VGI_ELIMIT, VGI_ENOTSUP, VGI_ENOMEM; then `b` is
 * clear again. Metadata is not touched. */
int vgi__decode_batch(vgi_batch *b, const vgi_schema *s, vgi__decode_input *in,
                      vgi_error *err);

/* Give `b` the custom metadata of its message, as views into it. VGI_EPROTO, VGI_ELIMIT,
 * VGI_ENOMEM. */
int vgi__decode_metadata(vgi_batch *b, vgi__message *m, const vgi_limits *limits,
                         vgi_error *err);

/* A batch of no rows, without a message. */
int vgi__decode_nothing(vgi_batch *b, const vgi_schema *s, vgi__dictionary_set *set,
                        vgi_error *err);

#endif
