---A buffer of lines that fold by their depth, know their SV, and where they are written.
local model = require('pmat.model')
local server = require('pmat.server')
local ui = require('pmat.ui')

local M = {}

---@class pmat.Line
---@field text string
---@field depth integer
---@field place? pmat.Place
---@field address? string
---@field finding? string id

---@type table<integer, pmat.Line[]> by buffer
local trees = {}

local HEIGHT = 15
local ADDRESS = '0x%x+'

---The value of 'foldexpr'.
---@param number integer of the line, from 1
---@return string
function M.fold(number)
  local lines = trees[vim.api.nvim_get_current_buf()] or {}
  local line, next_line = lines[number], lines[number + 1]
  local depth = line and line.depth or 0
  return next_line and next_line.depth > depth and '>' .. depth + 1 or tostring(depth)
end

---The address that a line is about: the one under the cursor, else its own.
---@param line? pmat.Line
---@return string?
local function address(line)
  return vim.fn.expand('<cword>'):match('^' .. ADDRESS .. '$') or (line and line.address)
end

---@return pmat.Line?
local function under_cursor()
  local lines = trees[vim.api.nvim_get_current_buf()]
  return lines and lines[vim.api.nvim_win_get_cursor(0)[1]]
end

---Where the code of an SV is, by what `show` tells of it.
---@param rows table[]
---@param root string
---@return pmat.Place?
local function location(rows, root)
  for _, row in ipairs(rows) do
    local file, number = tostring(row.value):match('^(.+) line (%d+)$')
    if row.name == 'location' and file then
      local path = vim.startswith(file, '/') and file or vim.fs.joinpath(root, file)
      return vim.uv.fs_stat(path) and ui.line(vim.uri_from_fname(path), tonumber(number))
    end
  end
end

---@param name string
---@param done fun(result: pmat.RunResult, client: vim.lsp.Client)
local function show_sv(name, done)
  server.with_client(function(client)
    server.ask(client, 'pmat/run', { name = 'show', words = { name } }, function(result)
      done(result, client)
    end)
  end)
end

---Jump to the line that the line under the cursor is about.
local function jump()
  local line = under_cursor()
  local leaks, client = model.last()
  local name = address(line)
  local place = line and line.place or (leaks and name and model.place_of(leaks, name))
  if place and client then
    ui.jump(place, client)
  elseif name then
    show_sv(name, function(result, asked)
      local found = location(result.answer.rows, asked.root_dir or vim.fn.getcwd())
      if found then
        ui.jump(found, asked)
      else
        ui.info(('the SV at %s has no line in the source; K shows it'):format(name))
      end
    end)
  else
    pcall(vim.cmd.normal, { 'za', bang = true })
  end
end

---Show the SV under the cursor in a window of its own.
local function show()
  local name = address(under_cursor())
  if name then
    show_sv(name, function(result)
      local lines = vim.split(vim.trim(result.text), '\n')
      vim.lsp.util.open_floating_preview(lines, '', { focus_id = 'pmat.show', border = 'rounded', wrap = false })
    end)
  end
end

local function identify()
  local name = address(under_cursor())
  if name then
    require('pmat.answer').run('identify', { name })
  end
end

local function chain()
  local line = under_cursor()
  if line and line.finding then
    require('pmat.command').run({ 'chain', line.finding })
  end
end

---@param bufnr integer
local function set_up(bufnr)
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].filetype = 'pmat'
  local keys = { ['<CR>'] = jump, K = show, i = identify, c = chain, q = vim.cmd.close }
  for key, action in pairs(keys) do
    vim.keymap.set('n', key, action, { buffer = bufnr, nowait = true })
  end
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = bufnr,
    callback = function()
      trees[bufnr] = nil
    end,
  })
end

---@param window integer
---@param level integer folds deeper than this are closed
local function set_up_window(window, level)
  local function set(name, value)
    vim.api.nvim_set_option_value(name, value, { scope = 'local', win = window })
  end
  set('foldmethod', 'expr')
  set('foldexpr', "v:lua.require'pmat.tree'.fold(v:lnum)")
  set('foldtext', '')
  set('foldlevel', level)
  set('fillchars', 'fold: ')
  set('wrap', false)
  set('number', false)
  set('relativenumber', false)
  set('signcolumn', 'no')
  set('winfixheight', true)
end

---@param bufnr integer
local function colour(bufnr)
  vim.api.nvim_buf_call(bufnr, function()
    vim.cmd([[
      syntax clear
      syntax match PmatAddress /\<0x\x\+\>/
      syntax match PmatPlace /\S\+\.\(p[lm]\|t\|psgi\):\d\+/
      syntax match PmatTree /^[ │├└─]\+/
      syntax match PmatTitle /^[^ │├└─].*/ contains=PmatAddress
      highlight default link PmatAddress Identifier
      highlight default link PmatPlace Directory
      highlight default link PmatTree NonText
      highlight default link PmatTitle Title
    ]])
  end)
end

---The buffer with a name, if there is one.
---@param name string
---@return integer?
function M.buffer(name)
  local bufnr = vim.fn.bufnr('^' .. vim.fn.escape(name, '[]*?{},\\ ') .. '$')
  return bufnr ~= -1 and bufnr or nil
end

---Write the lines of a tree.
---@param bufnr integer
---@param lines pmat.Line[]
function M.fill(bufnr, lines)
  trees[bufnr] = lines
  local texts = vim.tbl_map(function(line)
    return (line.text:gsub('\n', ' '))
  end, lines)
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, texts)
  vim.bo[bufnr].modifiable = false
end

---Show a tree in a window below; the one with the same name is shown anew.
---@param name string of the buffer: "pmat identify 0x…"
---@param lines pmat.Line[]
---@param level integer folds deeper than this are closed
function M.open(name, lines, level)
  local bufnr = M.buffer(name)
  local window = bufnr and vim.fn.bufwinid(bufnr) or -1
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd(('botright %dnew'):format(HEIGHT))
    bufnr = vim.api.nvim_get_current_buf()
    vim.api.nvim_buf_set_name(bufnr, name)
    set_up(bufnr)
    colour(bufnr)
  end
  M.fill(bufnr --[[@as integer]], lines)
  set_up_window(vim.api.nvim_get_current_win(), level)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
end

return M
