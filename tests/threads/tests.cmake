# Lua states in several threads, for ThreadSanitizer above all: the module linked with a Lua, since the interpreter itself is not
# instrumented. tests/lua/child/threads_spec.lua does the same with the module as users load it, on every Lua.
if(PARALLEL_LUA_5.4_LIBRARY AND TARGET core-5.4)
  add_executable(test_states ${CMAKE_CURRENT_LIST_DIR}/test_states.c $<TARGET_OBJECTS:core-5.4>)
  target_include_directories(test_states SYSTEM PRIVATE ${PARALLEL_LUA_5.4_INCLUDE})
  target_include_directories(test_states PRIVATE ${CMAKE_SOURCE_DIR}/tests/c)
  target_compile_definitions(test_states PRIVATE LUA_FILES="${CMAKE_SOURCE_DIR}/lua")
  target_link_libraries(test_states PRIVATE parallel_plain ${PARALLEL_LUA_5.4_LIBRARY})
  add_test(NAME c.test_states COMMAND test_states WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set_tests_properties(c.test_states PROPERTIES TIMEOUT ${TEST_SECONDS})
endif()
