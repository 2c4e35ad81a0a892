/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: mappings whose file somebody else may truncate.
 *
 * A read or a write beyond the end of a mapped file raises SIGBUS. While a mapping is
 * watched, the handler puts zeros where the file was and notes that the mapping was hit;
 * the instruction is repeated and goes on. Every other SIGBUS goes to whoever had the
 * signal before.
 *
 * The handler is installed when the first mapping is watched, and stays. What it reads is
 * a fixed table of slots, each
 *
 *   FREE -> TAKEN -> WATCHED -> FREE
 *
 * by atomic steps: no lock, no memory. A slot is given up before its range is unmapped.
 * Whoever reads a slot knows by its state, which counts on, whether it was another's
 * meanwhile.
 *
 * Table and former handler are this library's only state that is per process and changes:
 * signals are per process.
 */
#ifndef VGI_SHM_GUARD_H
#define VGI_SHM_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define VGI__GUARDS 4096

typedef struct vgi__guard vgi__guard;

/* Watch a shared mapping of whole pages. This thread does not block SIGBUS from then on;
 * others that touch the mapping must not either. NULL: VGI__GUARDS are watched, or the
 * handler cannot be installed. */
vgi__guard *vgi__guard_add(void *start, size_t size);
void vgi__guard_remove(vgi__guard *g); /* NULL is ignored */
/* Was anything of it replaced by zeros? */
bool vgi__guard_hit(const vgi__guard *g);

#endif
