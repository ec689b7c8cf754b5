# System calls that fail: the library is compiled once more, with the hook of src/os/fault.h.
file(GLOB FAULT_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.c ${CMAKE_SOURCE_DIR}/src/os/*.c
  ${CMAKE_SOURCE_DIR}/src/channel/*.c)
add_executable(faults_channel ${CMAKE_CURRENT_LIST_DIR}/channel.c ${FAULT_SOURCES})
target_compile_definitions(faults_channel PRIVATE PAR_FAULTS=1)
target_link_libraries(faults_channel PRIVATE parallel_options Threads::Threads ${CMAKE_DL_LIBS})
add_test(NAME faults.channel COMMAND faults_channel)
set_tests_properties(faults.channel PROPERTIES TIMEOUT ${TEST_SECONDS})
