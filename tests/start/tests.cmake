# Starting children while system calls fail, one after the other: the C layers are compiled once more with the injection.
file(GLOB START_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.c
  ${CMAKE_SOURCE_DIR}/src/view/*.c ${CMAKE_SOURCE_DIR}/src/channel/*.c ${CMAKE_SOURCE_DIR}/src/trace/*.c ${CMAKE_SOURCE_DIR}/src/link/*.c)
add_executable(start_faults ${CMAKE_CURRENT_LIST_DIR}/faults.c ${START_SOURCES} ${OS_SOURCES})
target_compile_definitions(start_faults PRIVATE PAR_FAULTS=1)
target_link_libraries(start_faults PRIVATE parallel_options Threads::Threads ${CMAKE_DL_LIBS})
target_include_directories(start_faults PRIVATE ${CMAKE_SOURCE_DIR}/tests/c)
add_test(NAME start.faults COMMAND start_faults)
set_tests_properties(start.faults PROPERTIES TIMEOUT ${TEST_SECONDS})

# The tree under random signals: a few seconds here, minutes with `make chaos`.
foreach(version IN LISTS PARALLEL_FOUND_LUAS)
  if(PARALLEL_LUA_${version}_PROGRAM)
    add_test(NAME lua${version}.chaos
      COMMAND ${CMAKE_SOURCE_DIR}/tests/run-script.sh ${version} ${CMAKE_SOURCE_DIR}/tests/crash/chaos.lua 4)
    set_tests_properties(lua${version}.chaos PROPERTIES TIMEOUT ${TEST_SECONDS}
      ENVIRONMENT "PARALLEL_BUILD=${CMAKE_BINARY_DIR};PARALLEL_SANITIZE=${PARALLEL_SANITIZE}")
  endif()
endforeach()
