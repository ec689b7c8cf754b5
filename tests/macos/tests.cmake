# Do the sources call only what macOS has? By gcc on Linux, whose headers macos.h takes things away from.
find_program(GCC gcc)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND GCC AND NOT CMAKE_CROSSCOMPILING)
  list(GET PARALLEL_FOUND_LUAS 0 version)
  add_test(NAME macos.sources COMMAND ${CMAKE_CURRENT_LIST_DIR}/check.sh ${GCC} ${PARALLEL_LUA_${version}_INCLUDE})
  set_tests_properties(macos.sources PROPERTIES TIMEOUT ${TEST_SECONDS})
endif()
