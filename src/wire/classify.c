/* SPDX-License-Identifier: Apache-2.0 */
/* What a received batch is: data, a log, an error, or a pointer to data elsewhere. */
#include "wire/wire.h"

vgi__batch_class vgi__batch_classify(const vgi_batch *b)
{
    const vgi_metadata *m = &b->metadata;
    vgi_str level;

    if (m->count == 0 || b->root->length > 0)
        return VGI__BATCH_DATA;
    if (vgi_metadata_get(m, VGI_KEY_LOG_LEVEL, &level)) {
        if (!vgi_metadata_get(m, VGI_KEY_LOG_MESSAGE, NULL))
            return VGI__BATCH_DATA;
        return vgi__level_parse(level) == VGI_LOG_EXCEPTION ? VGI__BATCH_ERROR
                                                            : VGI__BATCH_LOG;
    }
    if (vgi_metadata_get(m, VGI_KEY_LOCATION, NULL))
        return VGI__BATCH_LOCATION;
    if (vgi_metadata_get(m, VGI_KEY_SHM_OFFSET, NULL))
        return VGI__BATCH_SHM;
    return VGI__BATCH_DATA;
}
