# Lua states in several threads, for ThreadSanitizer above all: the module linked with a Lua, since the interpreter itself is not
# instrumented. tests/lua/child/threads_spec.lua does the same with the module as users load it, on every Lua.
if(PARALLEL_LUA_5.4_LIBRARY AND TARGET core-5.4)
  add_executable(test_lua_states ${CMAKE_CURRENT_LIST_DIR}/states.c $<TARGET_OBJECTS:core-5.4>)
  target_include_directories(test_lua_states SYSTEM PRIVATE ${PARALLEL_LUA_5.4_INCLUDE})
  target_compile_definitions(test_lua_states PRIVATE LUA_FILES="${CMAKE_SOURCE_DIR}/lua")
  target_link_libraries(test_lua_states PRIVATE parallel_plain ${PARALLEL_LUA_5.4_LIBRARY})
  parallel_add_c_test(lua.states.5.4 test_lua_states)
  set_tests_properties(lua.states.5.4 PROPERTIES WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
endif()
