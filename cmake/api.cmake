# The C API: libparallel, which exports what include/parallel/parallel.h names and nothing else.
add_library(parallel_static STATIC src/api/parallel.c $<TARGET_OBJECTS:parallel_plain>)
add_library(parallel_shared SHARED src/api/parallel.c $<TARGET_OBJECTS:parallel_plain>)
foreach(target IN ITEMS parallel_static parallel_shared)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>)
  target_link_libraries(${target} PRIVATE parallel_options Threads::Threads m ${CMAKE_DL_LIBS})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME parallel ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
endforeach()
set_target_properties(parallel_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)
