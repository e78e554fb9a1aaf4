# The course: the runner and grader (course/), the worker that runs students' code, the compiled
# checks of every exercise, and a program for each lesson.

find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
find_library(SECCOMP_LIBRARY seccomp REQUIRED)
find_package(SQLite3 REQUIRED)
# The book: Markdown, KaTeX's host, a server of files. KaTeX itself is read when a book is made.
find_path(MD4C_INCLUDE md4c.h REQUIRED)
find_library(MD4C_LIBRARY md4c REQUIRED)
find_path(DUKTAPE_INCLUDE duktape.h REQUIRED)
find_library(DUKTAPE_LIBRARY duktape REQUIRED)
find_path(HTTPLIB_INCLUDE httplib.h REQUIRED)
find_library(HTTPLIB_LIBRARY cpp-httplib REQUIRED)

# What lesson programs link: lessons/kit/*.cc and all below it.
file(GLOB kit_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lessons/kit/*.cc)
if(kit_sources)
  add_library(pupil_lessons STATIC ${kit_sources})
  target_link_libraries(pupil_lessons PUBLIC pupil_sft)
else()
  add_library(pupil_lessons INTERFACE)
  target_link_libraries(pupil_lessons INTERFACE pupil_sft)
endif()

# What compiles checks is a library of its own: they are compiled anew when it changes, and only then.
set(exercise_sources)
foreach(name check_builder course_tree marks process toml)
  list(APPEND exercise_sources ${CMAKE_SOURCE_DIR}/course/${name}.cc)
endforeach()
add_library(pupil_exercise_builder STATIC ${exercise_sources})
target_include_directories(pupil_exercise_builder PRIVATE ${TOMLPLUSPLUS_INCLUDE})
target_link_libraries(pupil_exercise_builder PUBLIC pupil_nn)

file(GLOB course_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/course/*.cc
     ${CMAKE_SOURCE_DIR}/course/book/*.cc ${CMAKE_SOURCE_DIR}/course/items/*.cc)
list(REMOVE_ITEM course_sources ${exercise_sources})
add_library(pupil_course STATIC ${course_sources})
target_include_directories(pupil_course PRIVATE ${TOMLPLUSPLUS_INCLUDE} ${MD4C_INCLUDE}
                           ${DUKTAPE_INCLUDE} ${HTTPLIB_INCLUDE})
target_link_libraries(pupil_course PUBLIC pupil_exercise_builder pupil_cli pupil_lessons
                      SQLite::SQLite3 ${CMAKE_DL_LIBS} ${MD4C_LIBRARY} ${DUKTAPE_LIBRARY}
                      ${HTTPLIB_LIBRARY} Threads::Threads)
# As Debian compiled the library.
set_source_files_properties(${CMAKE_SOURCE_DIR}/course/book/serve.cc PROPERTIES COMPILE_DEFINITIONS
  "CPPHTTPLIB_OPENSSL_SUPPORT;CPPHTTPLIB_ZLIB_SUPPORT;CPPHTTPLIB_BROTLI_SUPPORT")

# The worker is small on purpose: the standard library, libseccomp, and the student's object.
file(GLOB worker_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/course/worker/*.cc)
add_executable(pupil-worker ${worker_sources})
target_link_libraries(pupil-worker PRIVATE ${SECCOMP_LIBRARY} ${CMAKE_DL_LIBS})
if(PUPIL_SANITIZE)
  # Its sandbox leaves no room for a sanitizer's memory and system calls.
  target_compile_options(pupil-worker PRIVATE -fno-sanitize=all)
  target_link_options(pupil-worker PRIVATE -fno-sanitize=all)
endif()

add_executable(pupil-exercise course/tool/main.cc)
target_link_libraries(pupil-exercise PRIVATE pupil_exercise_builder)

# checks/ID/: reference, mutants and checks of exercise ID. A release brings them compiled.
set(check_stamps)
if(NOT EXISTS ${CMAKE_SOURCE_DIR}/checks)
  file(GLOB exercises CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lessons/*/exercises/*/exercise.toml)
  foreach(exercise ${exercises})
    get_filename_component(folder ${exercise} DIRECTORY)
    get_filename_component(name ${folder} NAME)
    string(REGEX REPLACE "_.*" "" id ${name})
    set(out ${CMAKE_BINARY_DIR}/checks/${id})
    file(GLOB parts CONFIGURE_DEPENDS ${folder}/*.cc ${folder}/*.h ${folder}/exercise.toml
         ${CMAKE_SOURCE_DIR}/lessons/kit/*.h)
    add_custom_command(OUTPUT ${out}/checks.so
      COMMAND pupil-exercise ${CMAKE_SOURCE_DIR} ${folder} ${out}
      DEPENDS pupil-exercise ${parts} COMMENT "checks of ${name}" VERBATIM)
    list(APPEND check_stamps ${out}/checks.so)
  endforeach()
endif()
add_custom_target(course_checks ALL DEPENDS ${check_stamps})

# lessons/NN_name: the program of each lesson.
file(GLOB theories CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lessons/*/theory.cc)
set(lesson_programs)
foreach(theory ${theories})
  get_filename_component(folder ${theory} DIRECTORY)
  get_filename_component(name ${folder} NAME)
  add_executable(lesson_${name} ${theory})
  target_link_libraries(lesson_${name} PRIVATE pupil_lessons)
  set_target_properties(lesson_${name} PROPERTIES OUTPUT_NAME ${name}
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lessons)
  list(APPEND lesson_programs lesson_${name})
endforeach()
