--- parallel.group: children as a group whose members work together without their parent. The parent makes it, each member takes it.
local member = require 'parallel.siblings.member'
local options_of = require 'parallel.options'

local siblings = {}

--- parallel.group(children [, {name=, channels=}]) in the parent -> what it made;
--- parallel.group([name [, {timeout=}]]) in a member -> the group: without a name the one that was taken last, or else the first.
function siblings.group(what, options)
  local kind = type(what)
  if kind == 'table' or kind == 'userdata' then return require 'parallel.siblings.make'(what, options) end
  if kind ~= 'nil' and kind ~= 'string' then
    options_of.misuse('parallel.group: a list of children (in their parent), or a name (in a member) expected, got ' .. kind)
  end
  return member.get(what, options, 'parallel.group')
end

-- The same as functions: of the group that was taken last.
for _, name in ipairs{'barrier', 'broadcast', 'scatter', 'gather', 'allgather', 'reduce', 'allreduce', 'reduce_scatter', 'regroup'} do
  siblings[name] = function(...)
    local group = member.get(nil, nil, 'parallel.' .. name)
    return group[name](group, ...)
  end
end

return siblings
