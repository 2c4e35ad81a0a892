/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sys/storage.h
 * Where external batches are kept: an object store, as far as the library sees it.
 */
#ifndef VGIRPC_SYS_STORAGE_H
#define VGIRPC_SYS_STORAGE_H

#include <stdint.h>

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

VGI_BEGIN_DECLS

/** An object to store. Borrowed until the upload returns. */
typedef struct vgi_storage_object {
    size_t size; /**< sizeof(vgi_storage_object) of the library */
    vgi_bytes data;
    const char *content_type;     /**< "application/vnd.apache.arrow.stream" */
    const char *content_encoding; /**< "zstd"; NULL: none */
} vgi_storage_object;

/** A place that a client may upload to, and where it can be read afterwards. */
typedef struct vgi_upload_url {
    size_t size; /**< sizeof(vgi_upload_url) of the library */
    vgi_str put_url, get_url;
    int64_t expires_at_us; /**< microseconds of the Unix epoch */
} vgi_upload_url;

/**
 * A store. Functions may be called from several threads at once and may block; they
 * retry what is worth it themselves.
 */
typedef struct vgi_storage {
    size_t size; /**< sizeof(vgi_storage) */
    /** Store an object and say where it can be fetched: *url, in `mem`. */
    int (*upload)(void *user, const vgi_storage_object *object, vgi_arena *mem,
                  vgi_str *url, vgi_error *err);
    /** Make URLs for an upload by a client, in `mem`. NULL: not offered. */
    int (*upload_url)(void *user, vgi_arena *mem, vgi_upload_url *out, vgi_error *err);
    /** Free it. NULL: nothing to do. */
    void (*close)(void *user);
    void *user; /**< for all of them */
} vgi_storage;

VGI_END_DECLS

#endif
