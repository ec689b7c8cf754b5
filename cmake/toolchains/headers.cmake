# Debian's Lua headers include one from the folder of this machine's own architecture, which says where modules lie. It is looked at
# last, so that the target's own headers are taken for everything else.
if(CMAKE_HOST_SYSTEM_PROCESSOR MATCHES "^i.86$")
  string(APPEND CMAKE_C_FLAGS_INIT " -idirafter /usr/include/i386-linux-gnu")
else()
  string(APPEND CMAKE_C_FLAGS_INIT " -idirafter /usr/include/${CMAKE_HOST_SYSTEM_PROCESSOR}-linux-gnu")
endif()
