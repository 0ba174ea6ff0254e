---Heap dumps as files: opening one, choosing one.
local server = require('pmat.server')

local M = {}

local TRIES = 2

---@param path string absolute
---@param done fun()
---@param tries integer
local function load(path, done, tries)
  server.execute('pmat.load', { path }, function(loaded, client)
    if loaded == true then
      done()
      return
    end
    -- A server that has just started may have given it up for the dump that it looked for by itself.
    server.ask(client, 'pmat/leaks', vim.empty_dict(), function(leaks)
      if leaks.state ~= 'failed' and tries > 1 then
        load(path, done, tries - 1)
      end
    end)
  end)
end

---Open a dump in the server in place of the one that is open. What goes wrong is told by the server.
---@param path string
---@param done? fun()
function M.load(path, done)
  load(vim.fs.normalize(vim.fn.fnamemodify(path, ':p')), done or function() end, TRIES)
end

---A buffer of a dump: shows what leaked instead of bytes.
---@param bufnr integer
---@param path string
function M.read(bufnr, path)
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].swapfile = false
  local told = { vim.fs.basename(path), '', 'This heap dump is open in pmat-lsp. :Pmat tree shows what leaked,' }
  table.insert(told, ':Pmat asks it a question, :help pmat tells more.')
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, told)
  vim.bo[bufnr].modified = false
  M.load(path, function()
    require('pmat.command').run({ 'tree' })
  end)
end

---@param dump pmat.Choice
---@return string "logs/app.pmat  in front"
local function told(dump)
  local state = dump.front and '  in front' or dump.open and '  open' or ''
  return vim.fn.fnamemodify(dump.path, ':~:.') .. state
end

---Let the user choose among the dumps that are open and those that the server found, and put that one in front.
function M.choose()
  require('pmat.model').with_dumps(function(dumps)
    if #dumps == 0 then
      require('pmat.ui').error('no heap dump was found\n:Pmat load FILE opens one from elsewhere')
      return
    end
    vim.ui.select(dumps, { prompt = 'Heap dump', format_item = told }, function(dump)
      if dump then
        M.load(dump.path)
      end
    end)
  end)
end

return M
