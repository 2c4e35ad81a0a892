# SPDX-License-Identifier: Apache-2.0
# One OBJECT library per layer, then the libraries that are made of them.
add_library(vgi_warnings INTERFACE)
target_compile_options(vgi_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                       $<$<BOOL:${VGI_WERROR}>:-Werror>)
add_library(vgi_flags INTERFACE)
target_link_libraries(vgi_flags INTERFACE vgi_warnings)
target_include_directories(vgi_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(vgi_flags INTERFACE _GNU_SOURCE $<$<BOOL:${VGI_ZSTD}>:VGI_HAVE_ZSTD>
                           $<$<BOOL:${VGI_LZ4}>:VGI_HAVE_LZ4>)
target_compile_options(vgi_flags INTERFACE -fno-semantic-interposition)

# vgi_layer_target(<var> <layer>): the target name of a layer.
function(vgi_layer_target out layer)
  string(REPLACE "/" "_" name ${layer})
  set(${out} vgi_${name} PARENT_SCOPE)
endfunction()

foreach(row IN LISTS VGI_LAYERS)
  string(REGEX MATCH "^([^:]*):" _ ${row})
  set(layer ${CMAKE_MATCH_1})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${layer}/*.c)
  if(NOT sources OR ((layer IN_LIST VGI_CLIENT_LAYERS) AND NOT VGI_CLIENT))
    continue()
  endif()
  vgi_layer_target(target ${layer})
  add_library(${target} OBJECT ${sources})
  target_link_libraries(${target} PRIVATE vgi_flags)
endforeach()

# Third-party headers appear in exactly one layer each.
target_link_libraries(vgi_crypto PRIVATE OpenSSL::Crypto)
if(VGI_ZSTD)
  target_link_libraries(vgi_codec PRIVATE PkgConfig::ZSTD)
endif()
if(VGI_LZ4)
  target_link_libraries(vgi_codec PRIVATE PkgConfig::LZ4)
endif()
if(TARGET vgi_json)
  target_link_libraries(vgi_json PRIVATE PkgConfig::JANSSON)
endif()

# vgi_objects(<var> <layer>...): the object files of layers.
function(vgi_objects out)
  set(objects)
  foreach(layer IN LISTS ARGN)
    vgi_layer_target(target ${layer})
    if(TARGET ${target})
      list(APPEND objects $<TARGET_OBJECTS:${target}>)
    endif()
  endforeach()
  set(${out} ${objects} PARENT_SCOPE)
endfunction()

set(VGI_CORE_LIBS OpenSSL::Crypto Threads::Threads)
if(VGI_ZSTD)
  list(APPEND VGI_CORE_LIBS PkgConfig::ZSTD)
endif()
if(VGI_LZ4)
  list(APPEND VGI_CORE_LIBS PkgConfig::LZ4)
endif()

# vgi_library(<target> STATIC|SHARED <file name> <name in the package> <objects>...)
function(vgi_library target kind file_name export_name)
  add_library(${target} ${kind} ${ARGN})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${file_name} EXPORT_NAME ${export_name}
                        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  add_library(vgirpc::${export_name} ALIAS ${target})
endfunction()

vgi_objects(core_objects ${VGI_CORE_LAYERS})
vgi_library(vgirpc_static STATIC vgirpc vgirpc-static ${core_objects})
vgi_library(vgirpc_shared SHARED vgirpc vgirpc ${core_objects})
target_link_libraries(vgirpc_static PRIVATE ${VGI_CORE_LIBS})
target_link_libraries(vgirpc_shared PRIVATE ${VGI_CORE_LIBS})

if(VGI_CLIENT)
  include(cmake/Client.cmake)
endif()
