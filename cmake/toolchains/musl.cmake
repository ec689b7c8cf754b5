# The C library musl (Alpine and others), with Debian's musl-tools. Its programs run here as they are.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_HOST_SYSTEM_PROCESSOR})
set(CMAKE_C_COMPILER musl-gcc)
# Other compilers say this themselves. LuaJIT goes through our functions with an error by what stands there.
foreach(kind IN ITEMS EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT -Wl,--eh-frame-hdr)
endforeach()
include(${CMAKE_CURRENT_LIST_DIR}/headers.cmake)
