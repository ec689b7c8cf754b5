--- What bin/luapar requires: runs it with the words of the command line, and exits.
os.exit(require 'parallel.cli'.main(arg))
