# A part of the suite in a place as containers are: unprivileged, with a filter of system calls and a small /dev/shm. Not with the
# portable backend, whose shared memory is /dev/shm: 64 MB hold fifteen children; nor for another machine, whose calls have other
# numbers.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR CMAKE_CROSSCOMPILING OR PARALLEL_SANITIZE OR PARALLEL_PORTABLE)
  return()
endif()
add_executable(confine ${CMAKE_CURRENT_LIST_DIR}/confine.c)
target_link_libraries(confine PRIVATE parallel_options)
foreach(part IN ITEMS c 5.4 jit)
  if(part STREQUAL "c" OR (BUSTED AND part IN_LIST PARALLEL_FOUND_LUAS AND PARALLEL_LUA_${part}_PROGRAM))
    add_test(NAME sandbox.${part} COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh ${CMAKE_BINARY_DIR} ${part})
    set_tests_properties(sandbox.${part} PROPERTIES TIMEOUT 3600 SKIP_RETURN_CODE 77
      ENVIRONMENT "PARALLEL_BUILD=${CMAKE_BINARY_DIR}")
  endif()
endforeach()
