# Tests in a private world of three hosts (run.sh): skipped where it cannot be made.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  return()
endif()
set(CLUSTER_RUN ${CMAKE_CURRENT_LIST_DIR}/run.sh)
set(CLUSTER_ENVIRONMENT "PARALLEL_BUILD=${CMAKE_BINARY_DIR};PARALLEL_WORLD=${CMAKE_SOURCE_DIR}/build/world;PARALLEL_SANITIZE=${PARALLEL_SANITIZE}")

function(add_cluster_test name)
  add_test(NAME cluster.${name} COMMAND ${CLUSTER_RUN} ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(cluster.${name} PROPERTIES TIMEOUT ${TEST_SECONDS} SKIP_RETURN_CODE 77 LABELS cluster
    ENVIRONMENT "${CLUSTER_ENVIRONMENT}")
endfunction()

add_cluster_test(world --slurm ${CMAKE_CURRENT_LIST_DIR}/world.sh)
