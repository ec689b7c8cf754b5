# The mutations themselves run by hand (make mutants). Here: does each of them still find its place?
list(GET PARALLEL_FOUND_LUAS 0 version)
find_program(GIT git)
if(GIT AND PARALLEL_LUA_${version}_PROGRAM AND EXISTS ${CMAKE_SOURCE_DIR}/.git)
  add_test(NAME mutants.list COMMAND ${PARALLEL_LUA_${version}_PROGRAM} ${CMAKE_SOURCE_DIR}/tests/mutants/run.lua --check)
  set_tests_properties(mutants.list PROPERTIES TIMEOUT ${TEST_SECONDS})
endif()
