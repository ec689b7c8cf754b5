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

# The specs of local children once more, with every child on another host. What differs between the Luas lies above the wire.
set(APART_SPECS_5.4 child/run child/message child/death child/options pool/pool pool/map pool/faults forked/fork)
set(APART_SPECS_jit child/message pool/faults forked/fork)
foreach(version IN ITEMS 5.4 jit)
  if(BUSTED AND version IN_LIST PARALLEL_FOUND_LUAS AND PARALLEL_LUA_${version}_PROGRAM)
    foreach(spec IN LISTS APART_SPECS_${version})
      string(REPLACE "/" "." subject ${spec})
      add_cluster_test(ssh.${subject}.${version} ${CMAKE_CURRENT_LIST_DIR}/apart.sh ${version} ssh ${spec})
    endforeach()
  endif()
endforeach()
foreach(version IN ITEMS 5.1 5.2 5.3 jit)
  if(BUSTED AND version IN_LIST PARALLEL_FOUND_LUAS AND PARALLEL_LUA_${version}_PROGRAM)
    add_cluster_test(ssh.run.${version} ${CMAKE_CURRENT_LIST_DIR}/apart.sh ${version} ssh child/run)
  endif()
endforeach()

# Specs of groups, with members on the user's host and others in turn.
foreach(version IN ITEMS 5.1 jit)
  if(BUSTED AND version IN_LIST PARALLEL_FOUND_LUAS AND PARALLEL_LUA_${version}_PROGRAM)
    add_cluster_test(ssh.group.${version} env PARALLEL_TEST_HOST=h1,here,h2 ${CMAKE_CURRENT_LIST_DIR}/apart.sh ${version} ssh
      group/collectives group/faults)
  endif()
endforeach()

# Other hosts as programs use them. Three of these wait for seconds of silence, and run on one Lua each.
set(CLUSTER_LUAS_hosts 5.1 5.4)
set(CLUSTER_LUAS_faults 5.4)
set(CLUSTER_LUAS_stopped 5.4)
set(CLUSTER_LUAS_tcp jit)
set(CLUSTER_LUAS_inputs 5.4)
set(CLUSTER_LUAS_group 5.4)
set(CLUSTER_LUAS_trace 5.4)
file(GLOB CLUSTER_SPECS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_spec.lua)
foreach(spec IN LISTS CLUSTER_SPECS)
  get_filename_component(subject ${spec} NAME_WE)
  string(REGEX REPLACE "_spec$" "" subject ${subject})
  set(versions 5.4 jit)
  if(CLUSTER_LUAS_${subject})
    set(versions ${CLUSTER_LUAS_${subject}})
  endif()
  foreach(version IN LISTS versions)
    if(BUSTED AND version IN_LIST PARALLEL_FOUND_LUAS AND PARALLEL_LUA_${version}_PROGRAM)
      add_cluster_test(${subject}.${version} ${CMAKE_SOURCE_DIR}/tests/run-spec.sh ${version} ${spec})
    endif()
  endforeach()
endforeach()

# Slurm: the same children placed by srun and connected over libzmq, and a program inside an allocation.
foreach(version IN ITEMS 5.4 jit)
  if(BUSTED AND version IN_LIST PARALLEL_FOUND_LUAS AND PARALLEL_LUA_${version}_PROGRAM)
    add_cluster_test(allocation.${version} --slurm salloc -Q -N2 ${CMAKE_SOURCE_DIR}/tests/run-script.sh ${version}
      ${CMAKE_CURRENT_LIST_DIR}/allocation.lua)
    add_cluster_test(jobs.${version} --slurm ${CMAKE_SOURCE_DIR}/tests/run-script.sh ${version} ${CMAKE_CURRENT_LIST_DIR}/jobs.lua)
  endif()
endforeach()
if(BUSTED AND 5.4 IN_LIST PARALLEL_FOUND_LUAS AND PARALLEL_LUA_5.4_PROGRAM)
  add_cluster_test(srun_faults --slurm salloc -Q -N2 ${CMAKE_SOURCE_DIR}/tests/run-script.sh 5.4 ${CMAKE_CURRENT_LIST_DIR}/srun_faults.lua)
  add_cluster_test(srun --slurm ${CMAKE_CURRENT_LIST_DIR}/apart.sh 5.4 srun child/run child/message pool/pool)
  add_cluster_test(mpirun env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    ${CMAKE_CURRENT_LIST_DIR}/apart.sh 5.4 mpirun child/message)
endif()
