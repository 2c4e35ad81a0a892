# SPDX-License-Identifier: Apache-2.0
# libvgirpc-client: what only callers need. It uses the core's internals, and a process must have one core: a second
# copy inside this library would bring its own statics (the empty schema is known by its address) and could be of
# another version than the structs it shares. So the shared core exports its vgi__ symbols too, but under the node
# VGIRPC_PRIVATE_<version>. A client library of another version then fails to load instead of misbehaving, and the
# public node VGIRPC_0 holds the public API alone.
foreach(layer IN LISTS VGI_CORE_LAYERS)
  vgi_layer_target(target ${layer})
  if(TARGET ${target})
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET default)
  endif()
endforeach()
set(map ${PROJECT_BINARY_DIR}/vgirpc.map)
file(CONFIGURE OUTPUT ${map} CONTENT
"VGIRPC_0 { global: vgi_[!_]*; local: *; };
VGIRPC_PRIVATE_@PROJECT_VERSION@ { global: vgi__*; };
" @ONLY)
target_link_options(vgirpc_shared PRIVATE LINKER:--version-script=${map} LINKER:-Bsymbolic-functions)

vgi_objects(client_objects ${VGI_CLIENT_LAYERS})
vgi_library(vgirpc_client_static STATIC vgirpc-client client-static ${client_objects})
vgi_library(vgirpc_client_shared SHARED vgirpc-client client ${client_objects})
target_link_libraries(vgirpc_client_static PUBLIC vgirpc_static PRIVATE PkgConfig::JANSSON m)
target_link_libraries(vgirpc_client_shared PUBLIC vgirpc_shared PRIVATE PkgConfig::JANSSON m)

# It exports what client.h declares.
set(header ${PROJECT_SOURCE_DIR}/include/vgirpc/client.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${header})
file(STRINGS ${header} declarations REGEX "^VGI_API ")
set(exported)
foreach(line IN LISTS declarations)
  string(REGEX MATCH "(vgi_[a-z0-9_]+)\\(" _ "${line}")
  string(APPEND exported " ${CMAKE_MATCH_1};")
endforeach()
set(map ${PROJECT_BINARY_DIR}/vgirpc-client.map)
file(CONFIGURE OUTPUT ${map} CONTENT "VGIRPC_CLIENT_0 { global:${exported} local: *; };\n")
target_link_options(vgirpc_client_shared PRIVATE LINKER:--version-script=${map} LINKER:-z,defs)
