# Killed processes. More rounds: build/release/tests/crash_channel 20000
add_executable(crash_channel ${CMAKE_CURRENT_LIST_DIR}/channel.c)
target_link_libraries(crash_channel PRIVATE parallel_plain)
if(CMAKE_CROSSCOMPILING_EMULATOR)
  set(rounds 150) # it is slow
endif()
add_test(NAME crash.channel COMMAND crash_channel ${rounds})
set_tests_properties(crash.channel PROPERTIES TIMEOUT ${TEST_SECONDS} COST 20)
