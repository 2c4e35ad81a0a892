# SPDX-License-Identifier: Apache-2.0
# libvgirpc-client: what only callers need.
vgi_objects(client_objects ${VGI_CLIENT_LAYERS})
vgi_library(vgirpc_client_static STATIC vgirpc-client client-static ${client_objects})
vgi_library(vgirpc_client_shared SHARED vgirpc-client client ${client_objects})
target_link_libraries(vgirpc_client_static PUBLIC vgirpc_static PRIVATE ${VGI_CLIENT_LIBS})
target_link_libraries(vgirpc_client_shared PUBLIC vgirpc_shared PRIVATE ${VGI_CLIENT_LIBS})
vgi_export(vgirpc_client_shared VGIRPC_CLIENT_0 client.h external.h sys/http.h sys/crypto.h)
