# bash completion for luapar, from the words that it knows itself
source <(luapar --completion bash 2>/dev/null)
