---The findings as a quickfix list.
local model = require('pmat.model')
local ui = require('pmat.ui')

local M = {}

local TITLE = 'pmat leaks'

---@param finding pmat.Finding
---@return string what it keeps from being freed: "59 file handles, 1.0 MiB"
function M.holds(finding)
  local size = ui.size(finding.bytes)
  local handles = #finding.handles
  if handles == 0 then
    return size
  end
  return ('%d file handle%s, %s'):format(handles, handles == 1 and '' or 's', size)
end

---@param finding pmat.Finding
---@param client vim.lsp.Client
---@return vim.quickfix.entry
local function entry(finding, client)
  local made = finding.place and ui.entry(finding.place, client) or { valid = 0 }
  made.type = (finding.ignored or finding.verdict == 'self-held') and 'I' or 'W'
  made.text = ('[%s] %s (%s)'):format(finding.code, finding.title, M.holds(finding))
  made.user_data = { pmat = finding.id }
  return made
end

---@param leaks pmat.Leaks
---@param client vim.lsp.Client
---@return table what of setqflist()
local function list(leaks, client)
  local items = vim.tbl_map(function(finding)
    return entry(finding, client)
  end, model.all(leaks))
  return { title = TITLE, items = items, context = { pmat = leaks.dump and leaks.dump.uri } }
end

---Put the findings in the quickfix list and open it; without findings the user is told so.
---@param leaks pmat.Leaks
---@param client vim.lsp.Client
function M.show(leaks, client)
  vim.fn.setqflist({}, ' ', list(leaks, client))
  if #model.all(leaks) == 0 then
    vim.cmd.cclose()
    ui.info(leaks.message)
  else
    vim.cmd('botright copen')
  end
end

---Another dump is open, or its results changed: the list follows, where it is the current one.
---@param leaks pmat.Leaks
---@param client vim.lsp.Client
function M.changed(leaks, client)
  local current = vim.fn.getqflist({ title = 1, id = 0 })
  if current.title == TITLE then
    vim.fn.setqflist({}, 'r', vim.tbl_extend('force', list(leaks, client), { id = current.id }))
  end
end

---The id of the finding under the cursor of the quickfix window.
---@return string?
function M.under_cursor()
  if vim.bo.buftype ~= 'quickfix' then
    return nil
  end
  local item = vim.fn.getqflist()[vim.fn.line('.')]
  return item and type(item.user_data) == 'table' and item.user_data.pmat or nil
end

return M
