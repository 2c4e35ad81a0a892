/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a group of cmocka tests on a traced allocator.
 *
 * Normally: every test runs once, and one that passes but leaks fails.
 *
 * With VGI_TORTURE=1 in the environment: every test is run once to count its allocations,
 * then once for each of them with that one failing, in a child process each. What the
 * test asserts is not judged then; a crash, a hang, a sanitizer report, or a leak of a
 * run that came to its end is. Of more than VGI_TORTURE_SAMPLES (200) allocations that
 * many are sampled evenly, for at most VGI_TORTURE_SECONDS (3) per test; 0 is no bound.
 *
 * Tests must not use cmocka's mocks: torture runs call the test functions directly. */
#ifndef VGI_TESTS_SUPPORT_TRACED_H
#define VGI_TESTS_SUPPORT_TRACED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vgirpc/sys/alloc.h>

int vgi_test_main(const struct CMUnitTest *tests, size_t n);
#define vgi_test_run(tests) vgi_test_main(tests, sizeof(tests) / sizeof((tests)[0]))

uint64_t vgi_test_allocations(void); /* allocations and resizes so far, of all threads */
size_t vgi_test_live_bytes(void);
size_t vgi_test_live_blocks(void);
/* The traced allocator, for handles that are to be given one. */
const vgi_allocator *vgi_test_allocator(void);

#endif
