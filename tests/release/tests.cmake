# The version in one place, and a release of a copy of this repository.
add_test(NAME release.script COMMAND ${CMAKE_CURRENT_LIST_DIR}/run.sh)
set_tests_properties(release.script PROPERTIES TIMEOUT ${TEST_SECONDS} SKIP_RETURN_CODE 77)
