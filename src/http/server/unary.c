/* SPDX-License-Identifier: Apache-2.0 */
/* One request, one answer. */
#include "http/server/app.h"

void vgi__app_unary(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                    vgi__http_response *rs)
{
    vgi_call *c = &w->call;

    if (vgi__app_address(w, route, rq, rs) != VGI_OK ||
        vgi__app_read_batch(w, rq, rs) != VGI_OK || vgi__app_accept(w, rs) != VGI_OK)
        return;
    if (vgi__call_unary(c, NULL) != VGI_OK) {
        vgi__app_unavailable(w, rs);
        return;
    }
    vgi__buffer_append(&rs->head, w->cookies.data, w->cookies.len);
    vgi__app_send(w, c->failed, rs);
}
