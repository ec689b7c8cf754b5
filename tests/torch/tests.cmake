# The bridge to a real Torch7, with a stand-in for it: a module of its own for each Lua.
foreach(version IN LISTS PARALLEL_FOUND_LUAS)
  if(BUSTED AND PARALLEL_LUA_${version}_PROGRAM)
    set(standin standin-${version})
    add_library(${standin} MODULE ${CMAKE_SOURCE_DIR}/tests/torch/standin.c)
    target_include_directories(${standin} SYSTEM PRIVATE ${PARALLEL_LUA_${version}_INCLUDE})
    target_link_libraries(${standin} PRIVATE parallel_options)
    set_target_properties(${standin} PROPERTIES PREFIX "" OUTPUT_NAME standin SUFFIX ".so"
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/standin/${version})
    if(APPLE)
      target_link_options(${standin} PRIVATE -undefined dynamic_lookup)
    endif()
    foreach(part bridge class graph group real meet network memory)
      set(spec ${CMAKE_SOURCE_DIR}/tests/torch/${part}_spec.lua)
      if(part STREQUAL memory) # the same as for our own tensors, and more
        set(spec ${CMAKE_SOURCE_DIR}/tests/lua/tensor/memory_spec.lua)
      endif()
      add_test(NAME torch.${part}.${version}
        COMMAND ${CMAKE_SOURCE_DIR}/tests/run-spec.sh ${version} ${spec}
        WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
      set_tests_properties(torch.${part}.${version} PROPERTIES TIMEOUT ${TEST_SECONDS} ENVIRONMENT
        "PARALLEL_BUILD=${CMAKE_BINARY_DIR};PARALLEL_SANITIZE=${PARALLEL_SANITIZE};LUA_CPATH=${CMAKE_BINARY_DIR}/standin/${version}/?.so\;\;")
    endforeach()
  endif()
endforeach()
