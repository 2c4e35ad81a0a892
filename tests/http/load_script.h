/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one connection asks the conformance worker, one request after the other, and what
 * it must be answered: unary calls, an echo of 64 KiB, producers and exchanges turn by
 * turn with the tokens of the answers. Any failure of its own ends the program.
 */
#ifndef VGI_TESTS_HTTP_LOAD_SCRIPT_H
#define VGI_TESTS_HTTP_LOAD_SCRIPT_H

#include <stdbool.h>
#include <vgirpc/vgirpc.h>

typedef struct load_script load_script;

/** Scripts of different numbers are at different places. */
load_script *load_script_new(unsigned number);
void load_script_free(load_script *s);

/** The next request, head and body; `last`: of its connection. Valid until the next
 * call. */
vgi_bytes load_script_next(load_script *s, bool last);

/** NULL when `body` is the right answer to that request; otherwise what is wrong. */
const char *load_script_check(load_script *s, vgi_bytes body);

/** The method that was called. */
const char *load_script_method(const load_script *s);

#endif
