-- Completion of luapar's words, by bash as it is used: the function alone, and at a prompt on a terminal.
package.path = 'tests/lua/?.lua;' .. package.path
local support = require 'support'

local quote = support.quote

-- In the shell: completion as bin/luapar.bash brings it, and a luapar that shows what it is given.
local prepared = ('luapar() { %s "$@"; }; source %s/bin/luapar.bash; luapar() { printf "[%%s]" "$@" end; }')
  :format(support.luapar(), quote(support.root))

-- The words that are offered for the last of these.
local function offered(...)
  local words = {...}
  for i, word in ipairs(words) do words[i] = quote(word) end
  return (support.shell(('%s; COMP_WORDS=(luapar %s); COMP_CWORD=%d; _luapar; echo "${COMPREPLY[*]}"'):format(prepared,
    table.concat(words, ' '), #words)))
end

describe('completion in bash', function()
  it('offers commands, options and their choices', function()
    assert.equal('run map top stacks journal trace doctor bench\n', offered '')
    assert.equal('map\n', offered 'map')
    assert.equal('--workers\n', offered('map', '--wo'))
    assert.equal('reuse new\n', offered('map', '--journal-mode', ''))
    assert.equal('view\n', offered('trace', ''))
    assert.equal('bash zsh fish\n', offered('--completion', ''))
  end)

  it('completes at a prompt, with names of files as they are', function()
    if select(2, support.shell('command -v script')) ~= 0 then return pending 'no script(1)' end
    local folder, shown = support.scratch('.d'), support.scratch('.shown')
    support.shell(('mkdir %s && touch %s'):format(quote(folder), quote(folder .. '/my lines.db')))
    local keys = ('until grep -q "ready> " %s 2>/dev/null; do sleep 0.05; done; printf "luapar jour\\tmy\\t\\n"; ' ..
      'printf "luapar map --retry-f\\t--journal my\\tcode\\nexit\\n"'):format(quote(shown))
    local rc = support.scratch('.rc')
    support.write_file(rc, ("%s\ncd %s\nPS1='ready> '\n"):format(prepared, quote(folder)))
    local out, status = support.shell(('(%s) | script -qefc %s %s >/dev/null; cat %s'):format(keys,
      quote(('bash --noprofile --rcfile %s -i'):format(quote(rc))), quote(shown), quote(shown)))
    support.shell(('rm -r %s %s %s'):format(quote(folder), quote(shown), quote(rc)))
    assert.equal(0, status, out)
    assert.matches('[journal][my lines.db][end]', out, 1, true)
    assert.matches('[map][--retry-failed][--journal][my lines.db][code][end]', out, 1, true)
  end)
end)
