# SPDX-License-Identifier: Apache-2.0
# Libraries, headers, the pkg-config files and the CMake package.
include(CMakePackageConfigHelpers)

set(installed vgirpc_static vgirpc_shared)
if(VGI_HTTP)
  list(APPEND installed vgirpc_http_static vgirpc_http_shared)
endif()
if(VGI_CLIENT)
  list(APPEND installed vgirpc_client_static vgirpc_client_shared)
endif()
install(TARGETS ${installed} EXPORT vgirpc)
install(DIRECTORY include/vgirpc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        PATTERN s3.h EXCLUDE PATTERN gcs.h EXCLUDE) # they come with their libraries

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vgirpc)
install(EXPORT vgirpc FILE vgirpcTargets.cmake NAMESPACE vgirpc:: DESTINATION ${package_dir})
configure_package_config_file(cmake/vgirpcConfig.cmake.in vgirpcConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(vgirpcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vgirpcConfig.cmake ${PROJECT_BINARY_DIR}/vgirpcConfigVersion.cmake
        DESTINATION ${package_dir})

# Packages may be moved: their files know where they are in them.
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})

# What an archive needs besides itself.
set(private_modules)
if(VGI_ZSTD)
  string(APPEND private_modules " libzstd")
endif()
if(VGI_LZ4)
  string(APPEND private_modules " liblz4")
endif()
configure_file(cmake/vgirpc.pc.in vgirpc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/vgirpc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(VGI_HTTP)
  set(http_modules "libcrypto libsodium zlib")
  if(LLHTTP_FOUND)
    string(APPEND http_modules " libllhttp")
  else()
    file(GLOB licences ${VGI_LLHTTP_DIR}/LICENSE*)
    install(FILES ${licences} DESTINATION ${CMAKE_INSTALL_DOCDIR}/llhttp)
  endif()
  configure_file(cmake/vgirpc-http.pc.in vgirpc-http.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/vgirpc-http.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
if(VGI_CLIENT)
  configure_file(cmake/vgirpc-client.pc.in vgirpc-client.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/vgirpc-client.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
