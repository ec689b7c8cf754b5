# libFuzzer with ASan and UBSan. Built by clang whatever compiler the project is built with; a short run each in the
# tests, `make fuzz` for longer. They begin with what seeds.c makes and with regressions/.
find_program(FUZZ_CLANG clang)
find_program(FUZZ_CCACHE ccache) # used where it is installed
if(NOT FUZZ_CCACHE)
  set(FUZZ_CCACHE ${CMAKE_COMMAND} -E env)
endif()
set(FUZZ_LUA ${PARALLEL_LUA_5.4_LIBRARY})
set(FUZZ_DIR ${CMAKE_CURRENT_LIST_DIR})
set(FUZZ_DECODE_SECONDS 60 CACHE STRING "Seconds that the decoder's fuzzer runs in the tests")
set(FUZZ_REFUSE_SECONDS 25 CACHE STRING "Seconds that the fuzzer of refused code runs in the tests")
set(FUZZ_ROUND_SECONDS 25 CACHE STRING "Seconds that the round-trip fuzzer runs in the tests")
set(FUZZ_FRAME_SECONDS 20 CACHE STRING "Seconds that the fuzzer of frames runs in the tests")
if(PARALLEL_FUZZERS AND FUZZ_CLANG AND FUZZ_LUA AND NOT CMAKE_CROSSCOMPILING AND NOT PARALLEL_SANITIZE STREQUAL "thread")
  file(WRITE ${CMAKE_BINARY_DIR}/fuzz/probe.c "#include <stdint.h>\n#include <stddef.h>\nint LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { (void)d; (void)n; return 0; }\n")
  execute_process(COMMAND ${FUZZ_CLANG} -fsanitize=fuzzer,address,undefined ${CMAKE_BINARY_DIR}/fuzz/probe.c
    -o ${CMAKE_BINARY_DIR}/fuzz/probe RESULT_VARIABLE fuzz_probe OUTPUT_QUIET ERROR_QUIET)
else()
  set(fuzz_probe 1)
endif()
if(NOT fuzz_probe EQUAL 0)
  message(STATUS "The fuzzers are not built: they need PARALLEL_FUZZERS=ON, clang with its run-time library (libclang-rt-dev) and Lua 5.4")
  return()
endif()

file(GLOB FUZZED CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.c ${CMAKE_SOURCE_DIR}/src/tensor/*.c
  ${CMAKE_SOURCE_DIR}/src/codec/*.c ${CMAKE_SOURCE_DIR}/src/codec/*/*.c
  ${CMAKE_SOURCE_DIR}/src/cluster/frame.c
  ${CMAKE_SOURCE_DIR}/src/cluster/frame_body.c)
list(APPEND FUZZED ${OS_SOURCES})
file(GLOB FUZZED_HEADERS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.h ${CMAKE_SOURCE_DIR}/src/tensor/*.h
  ${CMAKE_SOURCE_DIR}/src/codec/*.h ${CMAKE_SOURCE_DIR}/src/codec/*/*.h ${CMAKE_SOURCE_DIR}/src/os/*.h
  ${CMAKE_SOURCE_DIR}/src/cluster/frame.h ${FUZZ_DIR}/../codec/state.h)
set(FUZZ_FLAGS -std=gnu11 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
  -Wno-pass-failed -D_GNU_SOURCE -DPAR_ASSERTIONS=1 -I${CMAKE_SOURCE_DIR}/src -isystem ${PARALLEL_LUA_5.4_INCLUDE})

# What is fuzzed is compiled once for all of them.
set(FUZZED_OBJECTS "")
foreach(source IN LISTS FUZZED)
  file(RELATIVE_PATH object ${CMAKE_SOURCE_DIR}/src ${source})
  string(REPLACE "/" "-" object ${object})
  set(object ${CMAKE_BINARY_DIR}/fuzz/objects/${object}.o)
  add_custom_command(OUTPUT ${object} COMMAND ${FUZZ_CCACHE} ${FUZZ_CLANG} ${FUZZ_FLAGS} -c ${source} -o ${object}
    DEPENDS ${source} ${FUZZED_HEADERS} VERBATIM)
  list(APPEND FUZZED_OBJECTS ${object})
endforeach()
add_custom_target(fuzzed DEPENDS ${FUZZED_OBJECTS})
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz/objects)

set(seeds ${CMAKE_BINARY_DIR}/fuzz/seeds)
set(fuzzers decode refuse round frame)
foreach(name IN LISTS fuzzers)
  file(MAKE_DIRECTORY ${seeds}/${name} ${CMAKE_BINARY_DIR}/fuzz/found_${name})
endforeach()
add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/fuzz/fuzz_seeds
  COMMAND ${FUZZ_CLANG} ${FUZZ_FLAGS} -fno-sanitize=fuzzer ${FUZZ_DIR}/seeds.c ${FUZZED_OBJECTS} -fsanitize=fuzzer-no-link
    -o ${CMAKE_BINARY_DIR}/fuzz/fuzz_seeds ${FUZZ_LUA} -lm -ldl -lpthread
  COMMAND ${CMAKE_BINARY_DIR}/fuzz/fuzz_seeds ${seeds}
  DEPENDS fuzzed ${FUZZ_DIR}/seeds.c ${FUZZED_OBJECTS} VERBATIM)
add_custom_target(fuzz_seeds ALL DEPENDS ${CMAKE_BINARY_DIR}/fuzz/fuzz_seeds)

foreach(name IN LISTS fuzzers)
  set(fuzzer ${CMAKE_BINARY_DIR}/fuzz/fuzz_${name})
  string(TOUPPER FUZZ_${name}_SECONDS seconds)
  add_custom_command(OUTPUT ${fuzzer}
    COMMAND ${FUZZ_CLANG} ${FUZZ_FLAGS} ${FUZZ_DIR}/fuzz_${name}.c ${FUZZED_OBJECTS} -o ${fuzzer} ${FUZZ_LUA} -lm -ldl -lpthread
    DEPENDS fuzzed ${FUZZ_DIR}/fuzz_${name}.c ${FUZZED_OBJECTS} VERBATIM)
  add_custom_target(fuzz_${name} ALL DEPENDS ${fuzzer})
  set(begin ${seeds}/${name})
  if(EXISTS ${FUZZ_DIR}/regressions/${name})
    list(APPEND begin ${FUZZ_DIR}/regressions/${name})
  endif()
  add_test(NAME fuzz.${name} COMMAND ${fuzzer} -max_total_time=${${seconds}} -max_len=4096 -timeout=300 -print_final_stats=1
    -artifact_prefix=${CMAKE_BINARY_DIR}/fuzz/${name}- ${CMAKE_BINARY_DIR}/fuzz/found_${name} ${begin})
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT ${TEST_SECONDS} COST ${${seconds}}
    ENVIRONMENT "ASAN_OPTIONS=detect_leaks=1")
endforeach()
