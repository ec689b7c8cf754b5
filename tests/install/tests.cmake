# What cmake --install puts into a prefix, with every Lua that was found. Not for another processor: its interpreters run by an emulator.
if(NOT PARALLEL_SANITIZE AND NOT CMAKE_CROSSCOMPILING_EMULATOR)
  add_test(NAME install.cmake COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh ${CMAKE_BINARY_DIR})
  set_tests_properties(install.cmake PROPERTIES TIMEOUT ${TEST_SECONDS})
endif()
