/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are worth repeating, within a deadline. */
#ifndef VGI_STORE_REQUEST_H
#define VGI_STORE_REQUEST_H

#include <stdbool.h>

#include <vgirpc/sys/http.h>

uint64_t vgi__store_now_ms(void); /* monotonic */

/* Which answers of the store mean what; the codes of transport failures are known. */
typedef enum vgi__verdict {
    VGI__VERDICT_DONE,
    VGI__VERDICT_AGAIN, /* *err is set; the next attempt may fare better */
    VGI__VERDICT_FAILED /* *err is set */
} vgi__verdict;

typedef struct vgi__request {
    vgi_http_pool *pool;
    uint64_t deadline_ms; /* by vgi__store_now_ms */
    unsigned retries;     /* after the first attempt */
    /* Fill in what to send, in `mem`. Called for each attempt: signatures carry the
     * time, and credentials may have changed. */
    int (*prepare)(void *user, vgi_http_transfer *transfer, vgi_arena *mem,
                   vgi_error *err);
    vgi__verdict (*judge)(void *user, const vgi_http_answer *answer, vgi_error *err);
    void *user; /* for both */
} vgi__request;

/* VGI_OK when an answer is DONE. Otherwise the last failure: of `prepare`, of the
 * transfer, or what `judge` has set; VGI_ETIMEDOUT at the deadline. */
int vgi__request_run(const vgi__request *request, vgi_arena *mem, vgi_http_answer *answer,
                     vgi_error *err);

/* Is a status worth another attempt, whatever the store? 408, 429, 5xx but 501. */
bool vgi__status_passes(int status);

#endif
