# 32-bit x86 on a 64-bit system, with Debian's gcc-12-multilib. Its programs run here as they are.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_C_COMPILER gcc)
set(CMAKE_C_FLAGS_INIT "-m32")
include(${CMAKE_CURRENT_LIST_DIR}/headers.cmake)
