/* SPDX-License-Identifier: Apache-2.0 */
/* Amazon's Signature Version 4. */
#ifndef VGI_S3_SIGNER_H
#define VGI_S3_SIGNER_H

#include "s3/credentials.h"
#include "store/sign.h"

/* `scope` is "region/s3/aws4_request". Borrows both. */
vgi__signer vgi__s3_signer(const vgi__credentials *credentials, const char *scope);

#endif
