# SPDX-License-Identifier: Apache-2.0
# libvgirpc-http: serving over HTTP. Linking it gives vgi_serve its --http.
vgi_objects(http_objects ${VGI_HTTP_LAYERS})
if(TARGET vgi_llhttp)
  list(APPEND http_objects $<TARGET_OBJECTS:vgi_llhttp>)
endif()
vgi_library(vgirpc_http_static STATIC vgirpc-http http-static ${http_objects})
vgi_library(vgirpc_http_shared SHARED vgirpc-http http ${http_objects})
target_link_libraries(vgirpc_http_static PUBLIC vgirpc_static PRIVATE ${VGI_HTTP_LIBS})
target_link_libraries(vgirpc_http_shared PUBLIC vgirpc_shared PRIVATE ${VGI_HTTP_LIBS})
vgi_export(vgirpc_http_shared VGIRPC_HTTP_0 http.h)

# Whoever links it wants its constructor, and need not use a name of it.
target_link_options(vgirpc_http_static INTERFACE LINKER:-u,vgi_http_register)
set(keep --push-state,--no-as-needed,$<TARGET_FILE:$<TARGET_NAME:vgirpc_http_shared>>,--pop-state)
target_link_options(vgirpc_http_shared INTERFACE LINKER:${keep})
