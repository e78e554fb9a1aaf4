# OpenBLAS is linked statically: only then can a constructor choose its core type before it starts
# (kernels/blas_core.cc). The shared library is the fallback; it reads the CPU by itself.
find_library(OPENBLAS_STATIC NAMES libopenblas.a
             HINTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread)
find_path(OPENBLAS_INCLUDE cblas.h
          HINTS /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread
          PATH_SUFFIXES openblas openblas-pthread)
if(NOT OPENBLAS_STATIC OR NOT OPENBLAS_INCLUDE)
  message(FATAL_ERROR "OpenBLAS was not found (libopenblas.a, cblas.h). On Debian or Ubuntu: apt-get install libopenblas-dev")
endif()
add_library(openblas INTERFACE)
target_include_directories(openblas SYSTEM INTERFACE ${OPENBLAS_INCLUDE})
target_link_libraries(openblas INTERFACE ${OPENBLAS_STATIC} Threads::Threads)
