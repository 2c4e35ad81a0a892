/* SPDX-License-Identifier: Apache-2.0 */
/* The wire epoch of a request: decided once, at its edge. */
#ifndef VGI_WIRE_EPOCH_H
#define VGI_WIRE_EPOCH_H

typedef enum vgi__epoch { VGI__EPOCH_SEED, VGI__EPOCH_CURRENT, VGI__EPOCHS } vgi__epoch;

#endif
