/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file arrow.h
 * The Arrow C Data Interface: the ABI in which columns cross library borders.
 *
 * The guards are the ones the Arrow project prescribes, so that these
 * definitions coexist with those of nanoarrow, DuckDB, ADBC or Arrow C++.
 */
#ifndef VGIRPC_ARROW_H
#define VGIRPC_ARROW_H

#include <stdint.h>

#include <vgirpc/macros.h>

VGI_BEGIN_DECLS

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

/** A type, a field or (as a "+s" struct) a whole schema. */
struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

/** The data of one column, or (as a struct) of one record batch. */
struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

VGI_END_DECLS

#endif
