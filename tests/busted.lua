-- Runs busted inside the interpreter that is already running (tests/run-spec.sh chose it).
require 'busted.runner'({standalone = false})
