/* SPDX-License-Identifier: Apache-2.0 */
/* What lets scripts of other origins use the surface: nothing, unless origins are
 * configured. */
#include "http/server/app.h"

/* The value of Access-Control-Allow-Origin; null: not allowed, or no browser asked. */
static vgi_str allowed_origin(const vgi__app *app, const vgi__http_request *rq)
{
    const vgi_http_options *o = &app->options;
    const vgi_str origin = vgi__http_find(rq, "Origin");

    for (size_t i = 0; origin.len > 0 && i < o->n_cors_origins; i++) {
        if (vgi_str_eq(VGI_LIT("*"), o->cors_origins[i]))
            return VGI_LIT("*");
        if (vgi_str_eq(origin, o->cors_origins[i]))
            return origin;
    }
    return (vgi_str){ NULL, 0 };
}

static void preflight(const vgi__http_request *rq, const char *allow,
                      vgi__http_response *rs)
{
    const vgi_str headers = vgi__http_find(rq, "Access-Control-Request-Headers");

    vgi__http_set(rs, "Access-Control-Allow-Methods", vgi_str_from(allow));
    vgi__http_set(rs, "Access-Control-Allow-Headers",
                  headers.len > 0 ? headers : VGI_LIT("*"));
}

void vgi__app_cors(const vgi__app *app, const vgi__http_request *rq, const char *allow,
                   vgi__http_response *rs)
{
    vgi_str origin;

    if (app->options.n_cors_origins == 0)
        return;
    vgi__buffer_str(&rs->head, "Cross-Origin-Resource-Policy: cross-origin\r\n");
    if (rq->method == VGI__HTTP_OPTIONS)
        vgi__buffer_printf(&rs->head, "Access-Control-Max-Age: %u\r\n",
                           app->options.cors_max_age_s);
    origin = allowed_origin(app, rq);
    if (!vgi_str_eq(origin, "*")) /* caches: another origin, another answer */
        vgi__buffer_str(&rs->head, "Vary: Origin\r\n");
    if (!origin.data)
        return;
    vgi__http_set(rs, "Access-Control-Allow-Origin", origin);
    vgi__http_set(rs, "Access-Control-Expose-Headers",
                  (vgi_str){ (const char *)app->exposed.data, app->exposed.len });
    if (rq->method == VGI__HTTP_OPTIONS && allow &&
        vgi__http_find(rq, "Access-Control-Request-Method").len > 0)
        preflight(rq, allow, rs);
}
