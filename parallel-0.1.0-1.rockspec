rockspec_format = "3.0"
package = "parallel"
version = "0.1.0-1"
source = {url = "."} -- `luarocks make` in a clone
description = {
  summary = "Processes, messages and pools for Lua: use all your cores, safely.",
  detailed = [[Children are full processes with a blank Lua state, joined to their parent by shared memory. Any value travels;
    a child may crash without harm.]],
  license = "MIT",
  labels = {"parallel", "process", "shared-memory", "tensor"},
}
supported_platforms = {"linux", "macosx"}
dependencies = {"lua >= 5.1, < 5.6"} -- bin/luapar needs argparse as well, and says so
build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "RelWithDebInfo",
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    PARALLEL_TESTS = "OFF",
    PARALLEL_BENCH = "OFF",
    PARALLEL_ROCK_INCLUDE = "$(LUA_INCDIR)",
    LUADIR = "$(LUADIR)",
    LIBDIR = "$(LIBDIR)",
  },
  install = {bin = {luapar = "bin/luapar"}},
}
