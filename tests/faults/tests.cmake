# System calls and allocations that fail: the library is compiled once more, with the hook of src/os/fault.h.
file(GLOB FAULT_SOURCES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/base/*.c
  ${CMAKE_SOURCE_DIR}/src/view/*.c ${CMAKE_SOURCE_DIR}/src/channel/*.c)
add_library(faults_library STATIC ${FAULT_SOURCES} ${OS_SOURCES})
target_compile_definitions(faults_library PUBLIC PAR_FAULTS=1)
target_link_libraries(faults_library PUBLIC parallel_options Threads::Threads ${CMAKE_DL_LIBS})
foreach(name channel memory)
  if(name STREQUAL "memory" AND (APPLE OR PARALLEL_SANITIZE STREQUAL "thread"))
    continue() # its linker wraps no symbols; one thread, nothing for this sanitizer
  endif()
  add_executable(faults_${name} ${CMAKE_CURRENT_LIST_DIR}/${name}.c)
  target_link_libraries(faults_${name} PRIVATE faults_library)
  parallel_add_c_test(faults.${name} faults_${name})
endforeach()
if(TARGET faults_memory)
  target_link_options(faults_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign)
endif()
