---Reports of the server as buffers: `:edit pmat:/leaks.md`.
local server = require('pmat.server')
local ui = require('pmat.ui')

local M = {}

---The target of the Markdown link under the cursor.
---@return string?
local function link()
  local line, column = vim.api.nvim_get_current_line(), vim.api.nvim_win_get_cursor(0)[2] + 1
  local from = 1
  while true do
    local first, last, target = line:find('%[.-%]%((.-)%)', from)
    if not first then
      return nil
    elseif column <= last then
      return column >= first and target or nil
    end
    from = last + 1
  end
end

local function follow()
  local target = link()
  if not target then
    return
  end
  if vim.startswith(target, 'pmat:') then
    vim.cmd.edit(vim.fn.fnameescape(target))
    return
  end
  local uri, number = target:match('^(file:.-)#L(%d+)$')
  local client = server.client()
  if uri and client then
    ui.jump(ui.line(uri, tonumber(number)), client)
  end
end

---@param bufnr integer
---@param text string
local function fill(bufnr, text)
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, vim.split(text, '\n'))
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].modified = false
end

---@param bufnr integer
---@param uri string
local function fetch(bufnr, uri)
  server.with_client(function(client)
    server.ask(client, 'workspace/textDocumentContent', { uri = uri }, function(result)
      if vim.api.nvim_buf_is_valid(bufnr) then
        fill(bufnr, result.text)
      end
    end)
  end)
end

---Fill a buffer with the report that its name is the URI of.
---@param bufnr integer
---@param uri string
function M.read(bufnr, uri)
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].filetype = 'markdown'
  vim.keymap.set('n', '<CR>', follow, { buffer = bufnr, desc = 'Follow the link' })
  fetch(bufnr, uri)
end

---The dump changed: read anew what is shown of it.
---@param uri string
function M.refresh(uri)
  local bufnr = vim.uri_to_bufnr(uri)
  if vim.api.nvim_buf_is_loaded(bufnr) then
    fetch(bufnr, uri)
  end
end

---Show a report.
---@param uri string
function M.open(uri)
  ui.to_file_window()
  vim.cmd.edit(vim.fn.fnameescape(uri))
end

return M
