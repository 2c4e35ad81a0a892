/* SPDX-License-Identifier: Apache-2.0 */
#include "shm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/random.h"
#include "shm/guard.h"
#include "shm/stale.h"

#define CREATE_ATTEMPTS 8
#ifndef MADV_POPULATE_WRITE /* since Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

/* The block of a view, and afterwards what is to be freed for it. */
typedef struct view view;
struct view {
    vgi__block block; /* first */
    vgi__shm *segment;
    uint64_t offset;
    view *next;
};

struct vgi__shm {
    atomic_int refs;
    const vgi_allocator *allocator;
    vgi__shm_table table;
    vgi__guard *guard;
    int fd;                  /* of the creator: holds the lock; -1 */
    bool linked;             /* the name is ours to remove */
    uint64_t backed;         /* the system has given memory for what lies before it */
    char name[NAME_MAX + 2]; /* with the slash */
    _Atomic(view *) left;    /* by views that are gone: any thread pushes */
    view *idle;              /* for views to come */
};

/* ---- life ---- */

static int new_segment(vgi__shm **out, const vgi_allocator *a, vgi_error *err)
{
    vgi__shm *s = vgi__calloc(a, 1, sizeof(*s));

    if (!s)
        return vgi__fail_nomem(err);
    atomic_init(&s->refs, 1);
    s->allocator = a;
    s->fd = -1;
    s->table.regions =
        vgi__alloc(a, VGI__SHM_MAX_ALLOCATIONS * sizeof(*s->table.regions));
    if (!s->table.regions) {
        vgi__free(a, s);
        return vgi__fail_nomem(err);
    }
    *out = s;
    return VGI_OK;
}

static void free_views(vgi__shm *s, view *v)
{
    while (v) {
        view *next = v->next;

        vgi__free(s->allocator, v);
        v = next;
    }
}

void vgi__shm_unlink(vgi__shm *s)
{
    if (s->linked)
        shm_unlink(s->name);
    s->linked = false;
}

void vgi__shm_unref(vgi__shm *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    vgi__shm_unlink(s);
    vgi__guard_remove(s->guard);
    if (s->table.header)
        munmap(s->table.header, s->table.size);
    if (s->fd >= 0)
        close(s->fd);
    free_views(s, atomic_load(&s->left));
    free_views(s, s->idle);
    vgi__free(s->allocator, s->table.regions);
    vgi__free(s->allocator, s);
}

/* Map the file and watch the mapping. */
static int map(vgi__shm *s, int fd, uint64_t size, vgi_error *err)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (p == MAP_FAILED)
        return vgi__fail_errno(err, VGI_EIO, "mapping shared memory");
    s->table.header = p;
    s->table.size = size;
    s->guard = vgi__guard_add(p, size);
    return s->guard ? VGI_OK
                    : vgi__fail(err, VGI_ELIMIT, NULL,
                                "more than %d shared-memory segments in one process",
                                VGI__GUARDS);
}

/* A file of a new name. */
static int create_file(vgi__shm *s, vgi_error *err)
{
    char id[17];

    for (int i = 0; i < CREATE_ATTEMPTS && s->fd < 0; i++) {
        vgi__random_id(id);
        (void)snprintf(s->name, sizeof(s->name), "/" VGI__SHM_NAME_FORMAT, getpid(), id);
        s->fd = shm_open(s->name, O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
        if (s->fd < 0 && errno != EEXIST)
            break;
        if (s->fd >= 0 && !vgi__shm_claim(s->fd)) {
            close(s->fd);
            s->fd = -1;
        }
    }
    if (s->fd < 0)
        return vgi__fail_errno(err, VGI_EIO, "creating shared memory");
    s->linked = true;
    return VGI_OK;
}

static int create(vgi__shm *s, uint64_t size, vgi_error *err)
{
    int rc = create_file(s, err);

    if (rc != VGI_OK)
        return rc;
    if (ftruncate(s->fd, (off_t)size) != 0)
        return vgi__fail_errno(err, VGI_EIO, "sizing shared memory");
    if ((rc = map(s, s->fd, size, err)) == VGI_OK)
        vgi__shm_table_init(s->table.header, size);
    return rc == VGI_OK ? vgi__shm_intact(s, err) : rc;
}

int vgi__shm_create(vgi__shm **out, uint64_t size, const vgi_allocator *a, vgi_error *err)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    vgi__shm *s = NULL;
    int rc;

    if (size <= VGI__SHM_HEADER_BYTES || size > INT64_MAX - page)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "a shared-memory segment of %llu bytes, of which %zu are header",
                         (unsigned long long)size, VGI__SHM_HEADER_BYTES);
    vgi__shm_remove_stale();
    if ((rc = new_segment(&s, a, err)) != VGI_OK)
        return rc;
    if ((rc = create(s, (size + page - 1) / page * page, err)) != VGI_OK) {
        vgi__shm_unref(s);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

static bool good_name(vgi_str name)
{
    return name.len > 0 && name.len <= NAME_MAX && name.data[0] != '.' &&
           !memchr(name.data, '/', name.len) && !memchr(name.data, '\0', name.len);
}

/* Map what is open as `fd`, if it is a segment. */
static int attach_file(vgi__shm *s, int fd, const vgi__shm_terms *terms, vgi_error *err)
{
    struct stat st;
    int rc;

    if (fstat(fd, &st) != 0)
        return vgi__fail_errno(err, VGI_EIO, "looking at shared memory");
    if (!S_ISREG(st.st_mode) || st.st_size <= (off_t)VGI__SHM_HEADER_BYTES)
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "shared memory of %lld bytes, too few for a segment",
                         (long long)st.st_size);
    if ((uint64_t)st.st_size > terms->max_bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "shared-memory segment of %lld bytes is over the limit of %llu",
                         (long long)st.st_size, (unsigned long long)terms->max_bytes);
    if (terms->owned && st.st_uid != terms->owner)
        return vgi__fail(err, VGI_EPROTO, "PermissionError",
                         "the shared-memory segment is user %u's, and not user %u's",
                         (unsigned)st.st_uid, (unsigned)terms->owner);
    if ((rc = map(s, fd, (uint64_t)st.st_size, err)) != VGI_OK)
        return rc;
    rc = vgi__shm_check(s->table.header, s->table.size, s->table.regions, &s->table.n,
                        err);
    return rc == VGI_OK ? vgi__shm_intact(s, err) : rc;
}

static int attach(vgi__shm *s, vgi_str name, const vgi__shm_terms *terms, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];

    s->name[0] = '/';
    memcpy(s->name + 1, name.data, name.len);
    const int fd = shm_open(s->name, O_RDWR, 0);
    if (fd < 0)
        return vgi__fail(err, errno == ENOENT ? VGI_ENOTFOUND : VGI_EIO,
                         "FileNotFoundError", "shared-memory segment '%s': %s",
                         vgi__echo(echo, name), strerror(errno));
    int rc = attach_file(s, fd, terms, err);
    close(fd);
    return rc;
}

int vgi__shm_attach(vgi__shm **out, vgi_str name, const vgi__shm_terms *terms,
                    const vgi_allocator *a, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    vgi__shm *s = NULL;
    int rc;

    if (!good_name(name))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "'%s' is no name of a shared-memory segment",
                         vgi__echo(echo, name));
    if ((rc = new_segment(&s, a, err)) != VGI_OK)
        return rc;
    if ((rc = attach(s, name, terms, err)) != VGI_OK) {
        vgi__shm_unref(s);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

/* ---- what it is ---- */

vgi_str vgi__shm_name(const vgi__shm *s)
{
    return vgi_str_from(s->name + 1);
}

uint64_t vgi__shm_size(const vgi__shm *s)
{
    return s->table.size;
}

int vgi__shm_intact(const vgi__shm *s, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];

    if (!vgi__guard_hit(s->guard))
        return VGI_OK;
    return vgi__fail(err, VGI_EPROTO, "ValueError",
                     "the shared-memory segment '%s' was truncated, or the system has no "
                     "memory for it",
                     vgi__echo(echo, vgi__shm_name(s)));
}

/* ---- allocations ---- */

/* What an operation came to, if the segment is still there. */
static int outcome(const vgi__shm *s, int rc, vgi_error *err)
{
    return vgi__guard_hit(s->guard) ? vgi__shm_intact(s, err) : rc;
}

/* Have memory for an allocation: a segment is as big as it says only when it is written
 * to, and a full /dev/shm shows as a signal then. Where the system cannot tell, it is
 * left to that. */
static bool back(vgi__shm *s, uint64_t offset, uint64_t size)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), end = offset + size;
    uint64_t from = offset > s->backed ? offset : s->backed;

    if (end <= s->backed)
        return true;
    from -= from % page;
    if (madvise(s->table.header + from, end - from, MADV_POPULATE_WRITE) != 0 &&
        errno != EINVAL)
        return false;
    s->backed = end;
    return true;
}

int vgi__shm_allocate(vgi__shm *s, uint64_t size, size_t lead, uint64_t *offset,
                      vgi_error *err)
{
    int rc = vgi__shm_table_allocate(&s->table, size, lead, offset, err);

    if (rc == VGI_OK && !back(s, *offset, size)) {
        rc = vgi__shm_table_free(&s->table, *offset, err);
        rc = rc == VGI_OK ? VGI_END : rc;
    }
    return outcome(s, rc, err);
}

int vgi__shm_shrink(vgi__shm *s, uint64_t offset, uint64_t size, vgi_error *err)
{
    return outcome(s, vgi__shm_table_shrink(&s->table, offset, size, err), err);
}

int vgi__shm_free(vgi__shm *s, uint64_t offset, vgi_error *err)
{
    return outcome(s, vgi__shm_table_free(&s->table, offset, err), err);
}

int vgi__shm_reset(vgi__shm *s, vgi_error *err)
{
    vgi__shm_table_init(s->table.header, s->table.size);
    return vgi__shm_intact(s, err);
}

int vgi__shm_at(const vgi__shm *s, uint64_t offset, uint64_t length, uint8_t **p,
                vgi_error *err)
{
    if (offset < VGI__SHM_HEADER_BYTES || offset > s->table.size ||
        length > s->table.size - offset)
        return vgi__fail(
            err, VGI_EPROTO, "ValueError",
            "%llu bytes at %llu are outside of the shared-memory segment's data",
            (unsigned long long)length, (unsigned long long)offset);
    *p = s->table.header + offset;
    return vgi__shm_intact(s, err);
}

int vgi__shm_regions(vgi__shm *s, const vgi__shm_region **regions, size_t *n,
                     vgi_error *err)
{
    vgi__shm_table *t = &s->table;
    int rc = vgi__shm_check(t->header, t->size, t->regions, &t->n, err);

    *regions = t->regions;
    *n = t->n;
    return outcome(s, rc, err);
}

/* ---- views ---- */

/* The last reference is gone, on whatever thread. */
static void leave(vgi__block *b)
{
    view *v = (view *)(void *)b;
    vgi__shm *s = v->segment;

    v->next = atomic_load(&s->left);
    while (!atomic_compare_exchange_weak(&s->left, &v->next, v))
        continue;
    vgi__shm_unref(s);
}

bool vgi__shm_is_view(const vgi__block *b)
{
    return b && b->release == leave;
}

int vgi__shm_view(vgi__shm *s, uint64_t offset, uint64_t length, vgi__block **out,
                  vgi_error *err)
{
    uint8_t *p = NULL;
    view *v = s->idle;
    int rc = vgi__shm_at(s, offset, length, &p, err);

    if (rc != VGI_OK)
        return rc;
    if (v)
        s->idle = v->next;
    else if (!(v = vgi__alloc(s->allocator, sizeof(*v))))
        return vgi__fail_nomem(err);
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    *v = (view){ .block = { .refs = 1, .data = p, .size = length, .release = leave },
                 .segment = s,
                 .offset = offset };
    *out = &v->block;
    return VGI_OK;
}

int vgi__shm_settle(vgi__shm *s, vgi_error *err)
{
    view *v = atomic_exchange(&s->left, NULL);
    int rc = VGI_OK;

    while (v) {
        view *next = v->next;

        if (rc == VGI_OK)
            rc = vgi__shm_free(s, v->offset, err);
        v->next = s->idle;
        s->idle = v;
        v = next;
    }
    return rc;
}
