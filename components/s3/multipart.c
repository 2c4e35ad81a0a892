/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: an upload in parts.
 *
 *     POST key?uploads                        -> UploadId
 *     PUT  key?partNumber=N&uploadId=...      -> ETag     for each part, retried alone
 *     POST key?uploadId=...   all ETags       -> the object is there
 *     DELETE key?uploadId=...                 instead of it, when something failed
 *
 * The last POST may have worked although its answer was lost, and then the next attempt
 * is told that there is no such upload. So when it fails, the object itself is asked for.
 *
 * Parts that were sent cost money until the upload is completed or aborted, so the abort
 * has time of its own even when the upload had none left.
 */
#include <stdio.h>
#include <string.h>

#include "s3/store.h"
#include "store/fail.h"
#include "store/text.h"

enum { PARTS_MOST = 10000, LAST_MS = 5000, ID_BYTES = 2048, ETAG_BYTES = 256 };
static const size_t PART_BYTES = (size_t)8 << 20;

typedef struct upload_part {
    vgi_str id; /* of the upload */
    unsigned number;
    vgi_bytes bytes;
} upload_part;

static int begin(const vgi__s3_operation *object, vgi_arena *mem, vgi_str *id,
                 vgi_error *err)
{
    const vgi_pair uploads = { VGI_LIT("uploads"), VGI_LIT("") };
    vgi__s3_operation op = *object;
    op.method = "POST";
    op.query = (vgi_metadata){ &uploads, 1 };
    op.body = (vgi_bytes){ 0 };
    vgi_http_answer answer;
    const int rc = vgi__s3_run(&op, mem, &answer, err);
    if (rc != VGI_OK)
        return rc;
    *id = vgi__s3_element(answer.body, "UploadId");
    if (id->len > 0 && id->len <= ID_BYTES)
        return VGI_OK;
    return vgi__store_fail(err, VGI_EPROTO, "bucket %s: an UploadId of %zu bytes",
                           object->s3->bucket, id->len);
}

/* Text that is put into XML as it is. */
static bool is_plain(vgi_str etag)
{
    for (size_t i = 0; i < etag.len; i++) {
        const char c = etag.data[i];
        if (c <= 0x20 || c > 0x7e || c == '<' || c == '>' || c == '&')
            return false;
    }
    return etag.len > 0 && etag.len <= ETAG_BYTES;
}

/* Send one part and write it down in `list`. `mem` is for this part alone. */
static int send_part(const vgi__s3_operation *object, const upload_part *part,
                     vgi__text *list, vgi_arena *mem, vgi_error *err)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", part->number);
    const vgi_pair query[] = { { VGI_LIT("partNumber"), vgi_str_from(number) },
                               { VGI_LIT("uploadId"), part->id } };
    vgi__s3_operation op = *object;
    op.method = "PUT";
    op.query = (vgi_metadata){ query, 2 };
    op.body = part->bytes;
    op.content_encoding = NULL;
    vgi_http_answer answer;
    const int rc = vgi__s3_run(&op, mem, &answer, err);
    if (rc != VGI_OK)
        return rc;
    const vgi_str etag = vgi_http_answer_header(&answer, "ETag");
    if (!is_plain(etag))
        return vgi__store_fail(err, VGI_EPROTO, "bucket %s: part %u has no usable ETag",
                               object->s3->bucket, part->number);
    vgi__text_printf(list, "<Part><PartNumber>%s</PartNumber><ETag>", number);
    vgi__text_add(list, etag);
    vgi__text_add(list, VGI_LIT("</ETag></Part>"));
    return VGI_OK;
}

/* All of them, one after the other. */
static int send_parts(const vgi__s3_operation *object, vgi_str id, vgi__text *list,
                      vgi_error *err)
{
    const vgi_bytes body = object->body;
    const size_t least = body.len / PARTS_MOST + 1;
    const size_t step = least > PART_BYTES ? least : PART_BYTES;
    vgi_arena mem = { .allocator = list->mem->allocator };
    upload_part p = { .id = id };
    int rc = VGI_OK;
    for (size_t at = 0; rc == VGI_OK && at < body.len; at += step) {
        const size_t left = body.len - at;
        p.number++;
        p.bytes = (vgi_bytes){ body.data + at, left < step ? left : step };
        rc = send_part(object, &p, list, &mem, err);
        vgi_arena_reset(&mem);
    }
    vgi_arena_free(&mem);
    return rc;
}

static int finish(const vgi__s3_operation *object, vgi_metadata query, vgi__text *list,
                  vgi_error *err)
{
    vgi__text_add(list, VGI_LIT("</CompleteMultipartUpload>"));
    const vgi_str body = vgi__text_done(list);
    if (!body.data)
        return vgi__store_nomem(err);
    vgi__s3_operation op = *object;
    op.method = "POST";
    op.query = query;
    op.body = (vgi_bytes){ (const uint8_t *)body.data, body.len };
    op.content_type = "application/xml";
    op.content_encoding = NULL;
    vgi_http_answer answer;
    return vgi__s3_run(&op, list->mem, &answer, err);
}

/* A request about the object, without a body, that has time of its own. What comes of it
 * is of no interest but for its success: the failure that led here is. */
static bool ask(const vgi__s3_operation *object, const char *method, vgi_metadata query,
                vgi_arena *mem)
{
    vgi__s3_operation op = *object;
    op.method = method;
    op.query = query;
    op.body = (vgi_bytes){ 0 };
    op.content_encoding = NULL;
    op.deadline_ms = vgi__store_now_ms() + LAST_MS;
    vgi_http_answer answer;
    return vgi__s3_run(&op, mem, &answer, NULL) == VGI_OK;
}

int vgi__s3_multipart(const vgi__s3_operation *object, vgi_arena *mem, vgi_error *err)
{
    vgi_str id;
    int rc = begin(object, mem, &id, err);
    if (rc != VGI_OK)
        return rc;

    const vgi_pair pair = { VGI_LIT("uploadId"), id };
    const vgi_metadata query = { &pair, 1 };
    vgi__text list = { .mem = mem };
    vgi__text_add(&list, VGI_LIT("<CompleteMultipartUpload>"));
    rc = send_parts(object, id, &list, err);
    if (rc == VGI_OK) {
        rc = finish(object, query, &list, err);
        if (rc != VGI_OK && ask(object, "HEAD", (vgi_metadata){ 0 }, mem))
            return VGI_OK;
    }
    if (rc != VGI_OK)
        (void)ask(object, "DELETE", query, mem);
    return rc;
}
