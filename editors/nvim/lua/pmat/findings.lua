---The findings as a tree: each with its chain, the places of it, and the SVs that leaked.
local lists = require('pmat.lists')
local model = require('pmat.model')
local tree = require('pmat.tree')
local ui = require('pmat.ui')

local M = {}

local NAME = 'pmat leaks'

---@param into pmat.Line[]
---@param depth integer
---@param text string
---@param more? { place?: pmat.Place, address?: string, finding?: string }
local function add(into, depth, text, more)
  local line = { depth = depth, text = ('  '):rep(depth) .. text }
  table.insert(into, vim.tbl_extend('force', line, more or {}))
end

---@param finding pmat.Finding
---@return pmat.Line[]
local function branch(finding)
  local lines, id = {}, finding.id
  local ignored = finding.ignored and ' (ignored: ' .. finding.ignored .. ')' or ''
  local head = ('%s [%s] %s%s'):format(finding.title, finding.code, lists.holds(finding), ignored)
  add(lines, 0, head, { place = finding.place, finding = id, address = finding.addresses[1] })
  local wheres = vim.tbl_map(function(hop)
    return hop.place and ui.where(hop.place) or ''
  end, finding.hops)
  local width = math.max(0, unpack(vim.tbl_map(vim.fn.strdisplaywidth, wheres)))
  for number, hop in ipairs(finding.hops) do
    local padding = (' '):rep(width - vim.fn.strdisplaywidth(wheres[number]))
    local text = ('%d %s%s  %s %s → %s'):format(number, wheres[number], padding, hop.from, hop.via, hop.to)
    add(lines, 1, text, { place = hop.place, address = hop.source, finding = id })
  end
  if finding.verdict == 'self-held' then
    for _, way in ipairs(finding.reach) do
      add(lines, 1, 'reached by ' .. way, { place = finding.place, finding = id })
    end
  else
    add(lines, 1, 'help: ' .. finding.cure, { place = finding.place, finding = id })
  end
  add(lines, 1, ('places (%d)'):format(#finding.places), { finding = id })
  for _, place in ipairs(finding.places) do
    add(lines, 2, ('%s %s'):format(ui.where(place), place.text), { place = place, finding = id })
  end
  add(lines, 1, ('SVs, one of each island (%d)'):format(finding.count), { finding = id })
  for _, address in ipairs(finding.addresses) do
    add(lines, 2, address, { address = address, finding = id })
  end
  if finding.count > #finding.addresses then
    add(lines, 2, ('… %d more'):format(finding.count - #finding.addresses), { finding = id })
  end
  return lines
end

---@param leaks pmat.Leaks
---@return pmat.Line[]
local function grown(leaks)
  local lines = {}
  for _, finding in ipairs(model.all(leaks)) do
    vim.list_extend(lines, branch(finding))
  end
  if #lines == 0 then
    add(lines, 0, leaks.message)
  end
  return lines
end

---@param leaks pmat.Leaks
function M.show(leaks)
  tree.open(NAME, grown(leaks), 1)
end

---Another dump is open, or its results changed: the tree follows, where it is shown.
---@param leaks pmat.Leaks
function M.changed(leaks)
  local bufnr = tree.buffer(NAME)
  if bufnr then
    tree.fill(bufnr, grown(leaks))
  end
end

return M
