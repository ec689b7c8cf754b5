--- This machine: which names and addresses mean it, and by which address others reach it.
local core = require 'parallel.core'

local machine = {}

local function same_name(a, b) return a ~= nil and a:lower() == b:lower() end

--- The user part of "user@host", if any, and the host.
local function split(host)
  local user, rest = host:match('^(.-)@(.+)$')
  return user, rest or host
end

-- An address without a zone ("fe80::1%eth0") and without the brackets of a URL.
local function bare(ip) return (ip:gsub('^%[(.*)%]$', '%1'):gsub('%%.*$', '')) end

--- Does this text name the machine that we run on? "localhost", 127.x, ::1, the host's name or one of its addresses; as
-- "user@host" only when the user is the one who runs this program.
function machine.is_here(host)
  local user, name = split(host)
  if user and user ~= os.getenv('USER') and user ~= os.getenv('LOGNAME') then return false end
  name = bare(name)
  if same_name(name, 'localhost') or same_name(name, 'localhost.localdomain') then return true end
  if name:match('^127%.%d+%.%d+%.%d+$') or name == '::1' or name == '0.0.0.0' then return true end
  if same_name(core.hostname(), name) then return true end
  for _, address in ipairs(core.addresses()) do
    if same_name(address.ip, name) then return true end
  end
  return false
end

--- The address of the first of these interfaces that has one. Without a list: of the first interface that leads out of
-- this machine. IPv4 before IPv6; nil when there is none.
function machine.address(interfaces)
  local list = core.addresses()
  for _, family in ipairs{4, 6} do
    for _, wanted in ipairs(interfaces or {false}) do
      for _, address in ipairs(list) do
        local fits = wanted == address.interface or (not wanted and not address.loopback)
        if fits and address.family == family and not address.ip:match('^fe80:') then return address.ip end
      end
    end
  end
end

return machine
