# The face of the build; CMake does the work. `make help` lists what there is.
PRESET ?= release
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)
BUILD = build/$(PRESET)
CONFIGURE = cmake --preset $(PRESET) >build/$(PRESET)-configure.log 2>&1 || { cat build/$(PRESET)-configure.log; exit 1; }
SANITIZE_OF_asan = address
CTEST = ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

.PHONY: help simulate deps build demo lint test test-asan test-tsan test-portable test-stress test-systems systems-one test-hosts docs bench fuzz chaos mutants clean

help:
	@sed -n 's/^## //p' Makefile

## make build          installs what is missing and builds core.so for every Lua found
build: deps
	@$(CONFIGURE)
	@sed -n 's/^-- \(Building parallel\|Lua [0-9.]* was\)/\1/p' build/$(PRESET)-configure.log
	@cmake --build $(BUILD) -j $(JOBS)

deps:
	@mkdir -p build
	@scripts/install-deps.sh

## make demo           builds for one Lua (LUA=5.4, or another), without tests, and runs the original's example
DEMO_LUA = $(or $(LUA),5.4)
demo:
	@mkdir -p build
	@scripts/install-deps.sh demo $(if $(filter-out 5.4,$(DEMO_LUA)),test)
	@$(CONFIGURE)
	@cmake --build $(BUILD) -j $(JOBS) --target core-$(DEMO_LUA)
	@PARALLEL_BUILD=$(BUILD) tools/lua $(DEMO_LUA) examples/readme.lua
	@echo
	@echo "That was examples/readme.lua. A script of yours: tools/lua $(DEMO_LUA) script.lua; lines of the shell: bin/luapar --help; docs/cookbook.md: twenty tasks."

## make test           builds for all interpreters and runs every test
test: build
	@scripts/unpack-world.sh build/world
	@$(CTEST)

## make lint           how the sources are written: luacheck, clang-format, blanks and widths; FIX=1 lays the C files out
lint:
	@scripts/lint.sh $(if $(FIX),--fix)

## make test-asan      the same under AddressSanitizer and UBSan
## make test-tsan      the C tests under ThreadSanitizer
## make test-stress    C tests, children, pools and codec with delays by chance where processes meet, tiny rings, and assertions
## make test-portable  the same with the portable backend (the macOS path)
test-asan:
	@$(MAKE) test PRESET=asan
test-tsan:
	@$(MAKE) build PRESET=tsan
	@ctest --test-dir build/tsan --output-on-failure -j $(JOBS) -L '^c$$'
test-portable:
	@$(MAKE) test PRESET=portable
test-stress:
	@$(MAKE) build PRESET=stress
	@ctest --test-dir build/stress --output-on-failure -j $(JOBS) -R '^(base|os|channel|link|group|tensor|codec|faults|start|crash|child|pool|forked|api)\.'

## make test-systems   the C tests with musl, as 32-bit programs and for ARM (by emulation)
test-systems:
	@mkdir -p build
	@scripts/install-deps.sh demo systems
	@for preset in musl m32 arm64; do \
	  $(MAKE) systems-one PRESET=$$preset || exit 1; \
	done
systems-one:
	@$(CONFIGURE)
	@cmake --build $(BUILD) -j $(JOBS)
	@$(CTEST) -L '^c$$'

## make docs           README and docs as pages with a search field, in build/site, by pandoc
docs:
	@scripts/install-deps.sh docs
	@mkdir -p build
	@scripts/docs.sh build/site

## make test-hosts     the specs of children inside other programs: Neovim, LÖVE, nginx (unpacked into the build tree)
test-hosts: build
	@scripts/install-deps.sh hosts
	@scripts/unpack-world.sh build/hosts nginx-light libnginx-mod-http-lua
	@$(CTEST) -R '^child\.interpreter\.'

## make bench          measures everything beside its peers and limits, in short runs; writes tables and plots into docs/ (PEERS=1: also beside other languages and libraries)
bench: build
	@scripts/install-deps.sh bench
	@PARALLEL_BUILD=$(BUILD) tools/lua 5.4 bench/figures.lua
	@$(BUILD)/bench/channel --quick
	@for v in 5.4 jit; do tools/lua $$v bench/messages.lua 3 || exit 1; done
	@for name in codec tensor pool start; do \
	  for v in 5.4 jit; do if [ -f bench/$$name.lua ]; then echo; tools/lua $$v bench/$$name.lua || exit 1; fi; done; \
	done
	@if [ -n "$(PEERS)" ]; then scripts/install-deps.sh peers; PARALLEL_BUILD=$(BUILD) tools/lua 5.4 bench/figures.lua peers; fi

## make fuzz           runs the fuzzers for FUZZ_SECONDS each (300); what they find stays in the build tree
FUZZ_SECONDS ?= 300
fuzz: build
	@for name in decode refuse round frame; do \
	  $(BUILD)/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 \
	    -artifact_prefix=$(BUILD)/fuzz/$$name- $(BUILD)/fuzz/found_$$name $(BUILD)/fuzz/seeds/$$name $$(ls -d tests/fuzz/regressions/$$name 2>/dev/null) || exit 1; \
	done

## make chaos          a tree of processes under random signals, then a parent whose children flood, end, stop and are closed by hooks:
##                     CHAOS_SECONDS (60) each, on every Lua
chaos: build
	@for v in $$(cd $(BUILD)/lib && ls -d */interpreter | cut -d/ -f1); do \
	  for script in chaos soak; do \
	    echo "Lua $$v"; PARALLEL_BUILD=$(BUILD) PARALLEL_SANITIZE=$(SANITIZE_OF_$(PRESET)) \
	      tests/run-script.sh $$v tests/crash/$$script.lua $(or $(CHAOS_SECONDS),60) || exit 1; \
	  done; \
	done

## make simulate       schedules of a pool in a world of its own: SCHEDULES (1000000) of them from seed FIRST (1) on
simulate: build
	@LUA_PATH='tests/lua/?.lua;;' tools/lua jit tests/lua/pool/simulation.lua $(or $(SCHEDULES),1000000) $(or $(FIRST),1)

## make mutants        removes one check after the other in a copy and prints those that no test misses (ONLY='text in its title')
mutants: deps
	@lua5.4 tests/mutants/run.lua $(if $(ONLY),"$(ONLY)")

## make clean          removes the build tree
clean:
	rm -rf build
