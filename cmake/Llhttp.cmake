# SPDX-License-Identifier: Apache-2.0
# The HTTP parser: a system copy when it is new enough, otherwise sources in VGI_LLHTTP_DIR, where script/build puts
# them. Older releases let requests through that 9.4 refuses.
set(VGI_LLHTTP_DIR ${PROJECT_SOURCE_DIR}/build/llhttp CACHE PATH "Sources of llhttp: include/, src/, LICENSE")
pkg_check_modules(LLHTTP QUIET IMPORTED_TARGET libllhttp>=9.4)
add_library(vgi_llhttp_headers INTERFACE)
set(VGI_LLHTTP_LIBS)
if(LLHTTP_FOUND)
  set(VGI_LLHTTP_LIBS PkgConfig::LLHTTP)
  target_link_libraries(vgi_llhttp_headers INTERFACE PkgConfig::LLHTTP)
elseif(EXISTS ${VGI_LLHTTP_DIR}/include/llhttp.h)
  file(GLOB sources ${VGI_LLHTTP_DIR}/src/*.c)
  add_library(vgi_llhttp OBJECT ${sources})
  target_include_directories(vgi_llhttp PRIVATE ${VGI_LLHTTP_DIR}/include)
  target_include_directories(vgi_llhttp_headers SYSTEM INTERFACE ${VGI_LLHTTP_DIR}/include)
  target_compile_options(vgi_llhttp PRIVATE -w)
else()
  message(FATAL_ERROR "llhttp 9.4 or newer is missing: run script/build, which fetches it, or set VGI_LLHTTP_DIR to its "
                      "sources, or turn VGI_HTTP off")
endif()
