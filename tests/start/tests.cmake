# Starting children while system calls fail, one after the other: the C layers are compiled once more with the injection.
file(GLOB START_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.c
  ${CMAKE_SOURCE_DIR}/src/view/*.c ${CMAKE_SOURCE_DIR}/src/channel/*.c ${CMAKE_SOURCE_DIR}/src/trace/*.c ${CMAKE_SOURCE_DIR}/src/link/*.c)
add_executable(start_faults ${CMAKE_CURRENT_LIST_DIR}/faults.c ${START_SOURCES} ${OS_SOURCES})
target_compile_definitions(start_faults PRIVATE PAR_FAULTS=1)
target_link_libraries(start_faults PRIVATE parallel_options Threads::Threads ${CMAKE_DL_LIBS})
parallel_add_c_test(start.faults start_faults)
