/* SPDX-License-Identifier: Apache-2.0 */
/* What several methods do. */
#include "types.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* States come from tokens, so sums wrap where they could overflow. */
static int64_t tenfold(int64_t index)
{
    return (int64_t)((uint64_t)index * 10);
}

int conformance_count(counter_state *st, vgi_output *out)
{
    const int64_t index = st->current, value = tenfold(index);
    const counter_row row = { .index = &index, .value = &value };

    if (index >= st->count)
        return vgi_output_finish(out);
    st->current++;
    return vgi_output_row(out, VGI_FROM(counter_row, &row));
}

int conformance_counter_rows(vgi_output *out, int64_t first, int64_t rows)
{
    const size_t n = rows < 0 ? 0 : (size_t)rows;
    int64_t *index, *value;
    int rc;

    if ((rc = vgi_output_i64(out, "index", n, &index)) != VGI_OK ||
        (rc = vgi_output_i64(out, "value", n, &value)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        index[i] = (int64_t)((uint64_t)first + i);
    for (size_t i = 0; i < n; i++) /* two loops over one array each are vectorised */
        value[i] = tenfold((int64_t)((uint64_t)first + i));
    return VGI_OK;
}

bool conformance_has_nulls(const vgi_batch *in)
{
    return vgi_batch_array(in)->children[0]->null_count != 0;
}

static int scale_rows(double factor, const vgi_batch *in, vgi_f64s x, vgi_output *out)
{
    int rc = VGI_OK;

    for (size_t i = 0; i < x.count && rc == VGI_OK; i++) {
        const bool null = vgi_batch_is_null(in, "value", (int64_t)i);
        const double y = null ? 0.0 : x.items[i] * factor;
        const value_row row = { .value = null ? NULL : &y };

        rc = vgi_output_row(out, VGI_FROM(value_row, &row));
    }
    return rc;
}

int conformance_scale(double factor, const vgi_batch *in, vgi_output *out)
{
    vgi_f64s x;
    double *y;
    int rc;

    if ((rc = vgi_batch_f64(in, "value", &x)) != VGI_OK)
        return rc;
    if (conformance_has_nulls(in))
        return scale_rows(factor, in, x, out);
    if ((rc = vgi_output_f64(out, "value", x.count, &y)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < x.count; i++)
        y[i] = x.items[i] * factor;
    return VGI_OK;
}

/* The fewest digits that read back as the same value, with an exponent below 1e-4 and
 * from 1e16, and always with a point or an exponent. */
int conformance_float_text(vgi_call *call, vgi_str *out, double value)
{
    char text[32];
    int digits = 0, exponent;

    if (!isfinite(value))
        return vgi_strf(call, out, "%s",
                        isnan(value) ? "nan" : (value < 0 ? "-inf" : "inf"));
    do {
        snprintf(text, sizeof(text), "%.*e", digits, value);
    } while (strtod(text, NULL) != value && ++digits < 17);
    exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (exponent < -4 || exponent >= 16)
        return vgi_strf(call, out, "%s", text);
    return vgi_strf(call, out, "%.*f", digits > exponent ? digits - exponent : 1, value);
}
