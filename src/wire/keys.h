/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata keys of the wire, in one place. */
#ifndef VGI_WIRE_KEYS_H
#define VGI_WIRE_KEYS_H

#define VGI_KEY_METHOD "vgi_rpc.method"
#define VGI_KEY_REQUEST_VERSION "vgi_rpc.request_version"
#define VGI_KEY_PROTOCOL "vgi_rpc.protocol"
#define VGI_KEY_PROTOCOL_VERSION "vgi_rpc.protocol_version"
#define VGI_KEY_CANCEL "vgi_rpc.cancel"
#define VGI_KEY_LOG_LEVEL "vgi_rpc.log_level"
#define VGI_KEY_LOG_MESSAGE "vgi_rpc.log_message"
#define VGI_KEY_LOG_EXTRA "vgi_rpc.log_extra"
#define VGI_KEY_SERVER_ID "vgi_rpc.server_id"
#define VGI_KEY_REQUEST_ID "vgi_rpc.request_id"
#define VGI_KEY_ERROR_CODE "vgi_rpc.error_code"
#define VGI_KEY_ERROR_KIND "vgi_rpc.error_kind"
#define VGI_KEY_ERROR_DETAILS "vgi_rpc.error_details"
#define VGI_KEY_LOCATION "vgi_rpc.location"
#define VGI_KEY_LOCATION_SHA256 "vgi_rpc.location.sha256"
#define VGI_KEY_LOCATION_FETCH_MS "vgi_rpc.location.fetch_ms"
#define VGI_KEY_LOCATION_SOURCE "vgi_rpc.location.source"
#define VGI_KEY_SHM_OFFSET "vgi_rpc.shm_offset"
#define VGI_KEY_SHM_LENGTH "vgi_rpc.shm_length"
#define VGI_KEY_SHM_SOURCE "vgi_rpc.shm_source"
#define VGI_KEY_SHM_SEGMENT_NAME "vgi_rpc.shm_segment_name"
#define VGI_KEY_SHM_SEGMENT_SIZE "vgi_rpc.shm_segment_size"
#define VGI_KEY_TRANSPORT_SHM "vgi_rpc.transport.shm"
#define VGI_KEY_STREAM_STATE "vgi_rpc.stream_state#b64"
#define VGI_KEY_PROTOCOL_NAME "vgi_rpc.protocol_name"
#define VGI_KEY_DESCRIBE_VERSION "vgi_rpc.describe_version"
#define VGI_KEY_PROTOCOL_HASH "vgi_rpc.protocol_hash"

#define VGI_REQUEST_VERSION "1"
#define VGI_DESCRIBE_VERSION "4"
#define VGI_PROTOCOL_REFLECTION "vgi_rpc.Reflection.v1"
#define VGI_METHOD_DESCRIBE "__describe__"
#define VGI_METHOD_TRANSPORT_OPTIONS "__transport_options__"
#define VGI_METHOD_UPLOAD_URL "__upload_url__"

#endif
