---How the plugin speaks to the user, and where it shows things.
local M = {}

local TITLE = { title = 'pmat' }

---@param message string
function M.info(message)
  vim.notify('pmat: ' .. message, vim.log.levels.INFO, TITLE)
end

---@param message string
function M.error(message)
  vim.notify('pmat: ' .. message, vim.log.levels.ERROR, TITLE)
end

---@param message string
function M.warn_once(message)
  vim.notify_once('pmat: ' .. message, vim.log.levels.WARN, TITLE)
end

---@param window integer
---@return boolean
local function is_for_files(window)
  local bufnr = vim.api.nvim_win_get_buf(window)
  return vim.api.nvim_win_get_config(window).relative == '' and vim.bo[bufnr].buftype == ''
end

---Go to a window for files: the current one, the one before, any; else a new one.
function M.to_file_window()
  local before = vim.fn.win_getid(vim.fn.winnr('#'))
  local candidates = { vim.api.nvim_get_current_win(), before }
  vim.list_extend(candidates, vim.api.nvim_tabpage_list_wins(0))
  for _, window in ipairs(candidates) do
    if window ~= 0 and is_for_files(window) then
      vim.api.nvim_set_current_win(window)
      return
    end
  end
  vim.cmd('aboveleft new')
end

---The start of a line as a place.
---@param uri string
---@param number integer from 1
---@return pmat.Place
function M.line(uri, number)
  local at = { line = math.max(number - 1, 0), character = 0 }
  return { uri = uri, range = { start = at, ['end'] = at }, text = '' }
end

---Show a place in a window for files, the cursor at its start.
---@param place pmat.Place
---@param client vim.lsp.Client
function M.jump(place, client)
  M.to_file_window()
  vim.lsp.util.show_document(place, client.offset_encoding, { focus = true })
end

---A place as an entry of a quickfix list, its columns in bytes.
---@param place pmat.Place
---@param client vim.lsp.Client
---@return vim.quickfix.entry
function M.entry(place, client)
  local entry = vim.lsp.util.locations_to_items({ place }, client.offset_encoding)[1]
  entry.user_data = nil
  return entry
end

---@param uri string
---@return string path as short as it can be said here
function M.short(uri)
  return vim.fn.fnamemodify(vim.uri_to_fname(uri), ':~:.')
end

---@param place pmat.Place
---@return string "lib/Courier/HTTP.pm:79"
function M.where(place)
  return ('%s:%d'):format(M.short(place.uri), place.range.start.line + 1)
end

local UNITS = { 'KiB', 'MiB', 'GiB', 'TiB' }

---@param bytes number
---@return string "1.0 MiB"
function M.size(bytes)
  if bytes < 1024 then
    return ('%d bytes'):format(bytes)
  end
  local unit = 0
  while bytes >= 1024 and unit < #UNITS do
    bytes, unit = bytes / 1024, unit + 1
  end
  return ('%.1f %s'):format(bytes, UNITS[unit])
end

return M
