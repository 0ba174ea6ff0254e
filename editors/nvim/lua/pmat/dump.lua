---Heap dumps as files: opening one, finding them.
local config = require('pmat.config')
local server = require('pmat.server')

local M = {}

local MOST = 200
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

---Call `done` with a dump of the current folder, or below it, that the user chooses.
---@param done fun(path: string)
function M.choose(done)
  local found = vim.fs.find(config.is_dump, { limit = MOST, type = 'file', path = config.root('') })
  if #found == 0 then
    require('pmat.ui').error('no heap dump below ' .. config.root('') .. '\n:Pmat load FILE opens one from elsewhere')
    return
  end
  local options = {
    prompt = 'Heap dump',
    format_item = function(path)
      return vim.fn.fnamemodify(path, ':~:.')
    end,
  }
  vim.ui.select(found, options, function(path)
    if path then
      done(path)
    end
  end)
end

return M
