# The model of the ring's waiting protocol: it holds, and without the fences it must not.
foreach(variant good bad)
  add_test(NAME model.ring_${variant} COMMAND ${CMAKE_SOURCE_DIR}/tests/model/check.sh ${variant})
  set_tests_properties(model.ring_${variant} PROPERTIES TIMEOUT ${TEST_SECONDS} SKIP_RETURN_CODE 77)
endforeach()
