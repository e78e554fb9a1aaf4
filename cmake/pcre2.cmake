# PCRE2 (8 bit): the Unicode properties of the byte-pair tokenizer's splitting pattern. Static where
# it can be, so that the program needs no library beside it.
find_library(PCRE2_LIBRARY NAMES libpcre2-8.a pcre2-8)
find_path(PCRE2_INCLUDE pcre2.h)
if(NOT PCRE2_LIBRARY OR NOT PCRE2_INCLUDE)
  message(FATAL_ERROR "PCRE2 was not found (libpcre2-8, pcre2.h). On Debian or Ubuntu: apt-get install libpcre2-dev")
endif()
add_library(pcre2 INTERFACE)
target_include_directories(pcre2 SYSTEM INTERFACE ${PCRE2_INCLUDE})
target_link_libraries(pcre2 INTERFACE ${PCRE2_LIBRARY})
