/* SPDX-License-Identifier: Apache-2.0 */
/* A service of streams, for tests of streams that are suspended between their turns. */
#ifndef VGI_TESTS_SUPPORT_RPC_FLOW_H
#define VGI_TESTS_SUPPORT_RPC_FLOW_H

#include <vgirpc/vgirpc.h>

typedef struct flow_number {
    int64_t n;
} flow_number;
typedef struct flow_title {
    vgi_str title;
} flow_title;

typedef struct flow_real {
    double n;
} flow_real;

VGI_STRUCT(flow_number, VGI_FIELD(flow_number, n));
VGI_STRUCT(flow_real, VGI_FIELD(flow_real, n));
VGI_STRUCT(flow_title, VGI_FIELD(flow_title, title));

/*
 * "Flow". Parameters are one n, inputs and outputs rows of one n, but for rows.
 *
 *   count    producer: 0 to n-1, a log at open and with every turn
 *   titled   the same with a header; negative: it fails to open
 *   fail     producer: fails in turn n
 *   wide     producer: batches of n rows, for ever
 *   chosen   producer: 0 to n-1 in a column "chosen" of its choice
 *   big      producer: n, for ever, with a state of so many bytes
 *   sum      exchange: n plus all inputs so far; what goes wrong is up to the input
 *   echo     exchange without state
 *   widen    the same, with n as a float
 *   rows     exchange of batches without columns
 *   opaque   producer whose state cannot travel
 */
extern const vgi_service flow_service;

/* What the input of sum means besides a number. */
enum {
    FLOW_EMIT_EARLY = 1000, /* and log before and after that */
    FLOW_FAIL,              /* after a log */
    FLOW_FAIL_LATE,         /* after having emitted, and logged */
    FLOW_TWICE,             /* emit two batches */
    FLOW_NOTHING,           /* emit none */
    FLOW_WIDE,              /* a batch of 1,000 rows */
    FLOW_SEE_METADATA       /* answer with the pairs that it sees */
};

/* What the handlers did, for tests of one thread. */
typedef struct flow_seen {
    int opened, destroyed, cancelled;
    int saved, restored, closed; /* of flow_dynamic */
} flow_seen;
extern flow_seen flow_saw;

/* "Dynamic", made at run time: producer up and exchange add, which save and restore, and
 * producer stuck, which does not. Freed by vgi_builder_free. */
vgi_builder *flow_dynamic(void);

#endif
