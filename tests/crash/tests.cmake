# Killed processes. More rounds: build/release/tests/crash_channel 20000
add_executable(crash_channel ${CMAKE_CURRENT_LIST_DIR}/channel.c)
target_link_libraries(crash_channel PRIVATE parallel_plain)
if(CMAKE_CROSSCOMPILING_EMULATOR)
  set(rounds 150) # it is slow
endif()
parallel_add_c_test(crash.channel crash_channel ${rounds})
set_tests_properties(crash.channel PROPERTIES COST 20)

# The tree under random signals: a few seconds here, minutes with `make chaos`, which runs soak.lua as well.
foreach(version IN LISTS PARALLEL_FOUND_LUAS)
  if(PARALLEL_LUA_${version}_PROGRAM)
    add_test(NAME crash.chaos.${version}
      COMMAND ${CMAKE_SOURCE_DIR}/tests/run-script.sh ${version} ${CMAKE_SOURCE_DIR}/tests/crash/chaos.lua 4)
    set_tests_properties(crash.chaos.${version} PROPERTIES TIMEOUT ${TEST_SECONDS}
      ENVIRONMENT "PARALLEL_BUILD=${CMAKE_BINARY_DIR};PARALLEL_SANITIZE=${PARALLEL_SANITIZE}")
  endif()
endforeach()
