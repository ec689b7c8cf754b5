# Killed processes. More rounds: build/release/tests/crash_channel 20000
add_executable(crash_channel ${CMAKE_CURRENT_LIST_DIR}/channel.c)
target_link_libraries(crash_channel PRIVATE parallel_plain)
add_test(NAME crash.channel COMMAND crash_channel)
set_tests_properties(crash.channel PROPERTIES TIMEOUT ${TEST_SECONDS} COST 20)
