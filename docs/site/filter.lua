-- For pandoc: links between pages become links between their HTML, and each heading goes into the index of the search field with the text
-- below it. SITE_PAGE: the page's name in the site; SITE_INDEX: the file to which its entries are added; SITE_ROOT: the way to the top.
local page, index, root = os.getenv('SITE_PAGE'), os.getenv('SITE_INDEX'), os.getenv('SITE_ROOT')
local folder = os.getenv('SITE_FOLDER') -- of the source, from the clone's top
local repository = os.getenv('SITE_REPOSITORY') -- where what is no page can be looked at
local entries = {}

local function quote(text)
  return '"' .. text:gsub('[%c"\\<]', function(c) return ('\\u%04x'):format(c:byte()) end) .. '"'
end

-- a/b/../c as a/c
local function plain(path)
  local count
  path = path:gsub('^%./', '')
  repeat path, count = path:gsub('[^/]+/%.%./', '', 1) until count == 0
  return path
end

function Link(link)
  local target, anchor = link.target:match('^([^#]*)(#?.*)$')
  if target == '' or target:find('^%a+:') then return nil end
  local path = plain(folder .. target)
  local name = path == 'README.md' and 'index' or path:match('^docs/(.*)%.md$')
  link.target = name and root .. name .. '.html' .. anchor or repository .. path .. anchor
  return link
end

function Image(image)
  if image.src:find('^%a+:') then return nil end
  image.src = root .. plain(folder .. image.src):gsub('^docs/', '')
  return image
end

-- With a space behind each cell of a table.
local function text_of(block)
  return pandoc.utils.stringify(pandoc.walk_block(block, {Plain = function(cell)
    table.insert(cell.content, pandoc.Space())
    return cell
  end}))
end

local MOST_TEXT = 30000 -- bytes of one heading that are searched

function Pandoc(document)
  local title, entry = nil, nil
  for _, block in ipairs(document.blocks) do
    if block.t == 'Header' then
      local text = pandoc.utils.stringify(block)
      title = title or text
      entry = {title = text, id = block.identifier, text = {}}
      entries[#entries + 1] = entry
    elseif entry then
      entry.text[#entry.text + 1] = text_of(block)
    end
  end
  local out = assert(io.open(index, 'a'))
  for _, one in ipairs(entries) do
    out:write(('{"page":%s,"id":%s,"name":%s,"title":%s,"text":%s},\n'):format(quote(page), quote(one.id), quote(title), quote(one.title),
      quote(table.concat(one.text, ' '):sub(1, MOST_TEXT))))
  end
  out:close()
  document.meta.title = document.meta.title or title
  return document
end
