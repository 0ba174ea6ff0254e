---The chain of one finding: as a location list that walks it, and marked on its lines.
local ui = require('pmat.ui')
local walk = require('pmat.walk')

local M = {}

local NAMESPACE = vim.api.nvim_create_namespace('pmat.chain')
local LATER = 'pmat.chain'
local ABOVE_DIAGNOSTICS = 20 -- priority: theirs is 10, and more with severity_sort

---What is shown.
---@type { finding: pmat.Finding, client: vim.lsp.Client }?
local current

---Where the walk has left the cursor.
---@type pmat.Cursor?
local left

local HIGHLIGHTS = { PmatSign = 'DiagnosticSignWarn', PmatStep = 'Visual', PmatNote = 'DiagnosticVirtualTextHint' }

for name, link in pairs(HIGHLIGHTS) do
  vim.api.nvim_set_hl(0, name, { link = link, default = true })
end

---@param finding pmat.Finding
---@return boolean
local function has_place(finding)
  return vim.iter(finding.hops):any(function(hop)
    return hop.place ~= nil
  end)
end

---The steps as entries of a list; the last one is back at the first. Steps without a place are passed over by `]l`.
---@param finding pmat.Finding
---@param client vim.lsp.Client
---@return vim.quickfix.entry[]
local function entries(finding, client)
  local steps, back = #finding.hops, nil
  local made = {}
  for number, hop in ipairs(finding.hops) do
    local entry = hop.place and ui.entry(hop.place, client) or { valid = 0 }
    entry.text = ('%d/%d %s %s → %s'):format(number, steps, hop.from, hop.via, hop.to)
    back = back or (hop.place and vim.deepcopy(entry))
    table.insert(made, entry)
  end
  if back then
    back.text = 'and so back to the same ' .. finding.hops[1].from
    table.insert(made, back)
  end
  return made
end

---@param a pmat.Place?
---@param b pmat.Place
---@return boolean
local function same(a, b)
  return a ~= nil and a.uri == b.uri and vim.deep_equal(a.range.start, b.range.start)
end

---Which step a place is of.
---@param finding pmat.Finding
---@param place pmat.Place
---@return integer?
local function step_of(finding, place)
  for number, hop in ipairs(finding.hops) do
    if same(hop.place, place) then
      return number
    end
  end
end

---@class pmat.Spot
---@field entry vim.quickfix.entry
---@field step integer? of the chain; none: a place that belongs to it
---@field text string

---The places of the current chain in a buffer, by lines, on each the steps first.
---@param uri string
---@return table<integer, pmat.Spot[]>
local function spots(uri)
  local steps, others = {}, {}
  for _, place in ipairs(current.finding.places) do
    if place.uri == uri then
      local step = step_of(current.finding, place)
      local text = step and ('%d/%d %s'):format(step, #current.finding.hops, place.text) or place.text
      local spot = { entry = ui.entry(place, current.client), step = step, text = text }
      table.insert(step and steps or others, spot)
    end
  end
  local lines = vim.defaulttable(function()
    return {}
  end)
  for _, spot in ipairs(vim.list_extend(steps, others)) do
    table.insert(lines[spot.entry.lnum], spot)
  end
  return lines
end

---Mark a line: its words, the number of its first step or a dot as the sign, and behind it what is there.
---@param bufnr integer
---@param number integer from 1
---@param here pmat.Spot[]
local function mark_line(bufnr, number, here)
  local notes = {}
  for _, spot in ipairs(here) do
    table.insert(notes, spot.text)
    vim.api.nvim_buf_set_extmark(bufnr, NAMESPACE, number - 1, spot.entry.col - 1, {
      end_col = spot.entry.end_col and spot.entry.end_col - 1,
      hl_group = 'PmatStep',
      strict = false,
    })
  end
  vim.api.nvim_buf_set_extmark(bufnr, NAMESPACE, number - 1, 0, {
    sign_text = here[1].step and tostring(here[1].step):sub(-2) or '·',
    sign_hl_group = 'PmatSign',
    virt_text = { { '  ' .. table.concat(notes, ', '), 'PmatNote' } },
    priority = ABOVE_DIAGNOSTICS,
  })
end

---@param bufnr integer
local function mark_buffer(bufnr)
  vim.api.nvim_buf_clear_namespace(bufnr, NAMESPACE, 0, -1)
  if not current or vim.api.nvim_buf_get_name(bufnr) == '' then
    return
  end
  local last = vim.api.nvim_buf_line_count(bufnr)
  for number, here in pairs(spots(vim.uri_from_bufnr(bufnr))) do
    if number <= last then
      mark_line(bufnr, number, here)
    end
  end
end

local function mark_all()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      mark_buffer(bufnr)
    end
  end
end

---Take the marks away.
function M.clear()
  current = nil
  vim.api.nvim_create_augroup(LATER, { clear = true })
  mark_all()
end

---Mark the lines of a finding, also of files that are opened later.
---@param finding pmat.Finding
---@param client vim.lsp.Client
function M.mark(finding, client)
  current = { finding = finding, client = client }
  vim.api.nvim_create_autocmd('BufReadPost', {
    group = vim.api.nvim_create_augroup(LATER, { clear = true }),
    callback = function(event)
      mark_buffer(event.buf)
    end,
  })
  mark_all()
end

---@return pmat.Cursor? none: the window shows no file
local function cursor_now()
  if vim.bo.buftype ~= '' then
    return nil
  end
  local at = vim.api.nvim_win_get_cursor(0)
  return { bufnr = vim.api.nvim_get_current_buf(), lnum = at[1], col = at[2] + 1 }
end

---@param entry integer of the location list
local function go_to(entry)
  vim.cmd.ll({ count = entry })
  left = cursor_now()
end

---Go along the chain in the location list of this window.
---@param by 1|-1
---@param times integer
---@return boolean whether a chain is what the list has
local function go(by, times)
  local list = vim.fn.getloclist(0, { items = 0, idx = 0, context = 0 })
  if type(list.context) ~= 'table' or not list.context.pmat then
    return false
  end
  local entry, now = list.idx, cursor_now()
  local put = not vim.deep_equal(now, left) and now or nil
  for _ = 1, times do
    entry, put = walk.next(list.items, by, entry, put) or entry, nil
  end
  go_to(entry)
  return true
end

---`]l` and `[l` walk the chain where the location list is one; keys of the user's own stay what they are.
local function map_keys()
  for keys, way in pairs({ [']l'] = { by = 1, command = 'lnext' }, ['[l'] = { by = -1, command = 'lprevious' } }) do
    local before = vim.fn.maparg(keys, 'n', false, true)
    -- Neovim has them since 0.11.
    if vim.tbl_isempty(before) or before.desc == ':' .. way.command then
      vim.keymap.set('n', keys, function()
        if go(way.by, vim.v.count1) then
          return
        elseif before.callback then
          before.callback()
        else
          pcall(vim.cmd[way.command], { count = vim.v.count1 })
        end
      end, { desc = ':' .. way.command .. ', or along the chain of a leak' })
    end
  end
end

---Show the chain of a finding: location list, marks, and the cursor at its first place.
---@param finding pmat.Finding
---@param client vim.lsp.Client
function M.show(finding, client)
  if not has_place(finding) then
    ui.info(('no step of "%s" has a line in the sources here; :Pmat tree shows the chain'):format(finding.title))
    return
  end
  ui.to_file_window()
  M.mark(finding, client)
  vim.fn.setloclist(0, {}, ' ', {
    title = finding.title,
    items = entries(finding, client),
    context = { pmat = finding.id },
  })
  map_keys()
  go_to(walk.stops(vim.fn.getloclist(0))[1].entries[1])
end

---Another dump is open, or its results changed: the same leak is marked where it is now, or no more.
---@param leaks pmat.Leaks
---@param client vim.lsp.Client
function M.changed(leaks, client)
  if not current or current.client.id ~= client.id then
    return
  end
  local same_leak = require('pmat.model').finding(leaks, current.finding.id)
  if same_leak then
    M.mark(same_leak, client)
  else
    M.clear()
  end
end

return M
