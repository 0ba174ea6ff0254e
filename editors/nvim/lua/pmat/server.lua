---The language server: started, found, and asked.
local config = require('pmat.config')
local ui = require('pmat.ui')

local M = {}

local NAME = 'pmat'
local LONGEST_START = 10000 -- milliseconds
local LONGEST_WAIT = 3000 -- milliseconds that completion holds up the user, when it starts the server

---Whether `vim.lsp.enable` is there: since Neovim 0.11.
local ENABLES = vim.lsp.enable ~= nil

---The configuration with what the user changed by `vim.lsp.config('pmat', …)`.
---@return vim.lsp.Config
function M.configuration()
  return ENABLES and vim.lsp.config[NAME] or config.client()
end

---Whether the server is installed; says so once where it is not.
---@param client vim.lsp.Config
---@return boolean
local function is_installed(client)
  local cmd = client.cmd
  if type(cmd) ~= 'table' or vim.fn.executable(cmd[1]) == 1 then
    return true
  end
  ui.warn_once(
    ('the language server is not installed: %s is no program.'):format(cmd[1])
      .. ' Install it with "pip install pmat-lsp", or set vim.g.pmat = { cmd = { … } }; :checkhealth pmat tells more'
  )
  return false
end

---@param client vim.lsp.Config
---@param file string
---@param bufnr integer? none: attached to no buffer
---@return integer? client_id
local function start(client, file, bufnr)
  local ready = vim.tbl_extend('force', client, { root_dir = config.root(file) })
  if bufnr then
    return vim.lsp.start(ready, { bufnr = bufnr })
  end
  return ENABLES and vim.lsp.start(ready, { attach = false }) or vim.lsp.start_client(ready)
end

local enabled = false

---Let Perl files have the server, from `bufnr` on; nothing where the user wants to start it.
---@param bufnr integer
function M.enable(bufnr)
  if config.options().autostart == false then
    return
  end
  local client = M.configuration()
  if not is_installed(client) then
    return
  end
  if not ENABLES then
    start(client, vim.api.nvim_buf_get_name(bufnr), bufnr)
  elseif not enabled then
    enabled = true
    M.enable_all()
  end
end

---Before Neovim has started, `vim.lsp.enable` takes only buffers that come later.
function M.enable_all()
  if vim.v.vim_did_enter == 1 then
    vim.lsp.enable(NAME)
    return
  end
  vim.api.nvim_create_autocmd('VimEnter', {
    once = true,
    callback = function()
      vim.lsp.enable(NAME)
    end,
  })
end

---The client of the current buffer, else any.
---@return vim.lsp.Client?
function M.client()
  return vim.lsp.get_clients({ bufnr = 0, name = NAME })[1] or vim.lsp.get_clients({ name = NAME })[1]
end

---Wait until a client can be asked, without holding up the user.
---@param id integer
---@param done fun(client: vim.lsp.Client)
---@param waited integer? milliseconds
local function when_started(id, done, waited)
  local client = vim.lsp.get_client_by_id(id)
  waited = waited or 0
  if client and client.initialized then
    done(client)
  elseif waited < LONGEST_START and (client or waited == 0) then
    vim.defer_fn(function()
      when_started(id, done, waited + 20)
    end, 20)
  else
    ui.error('the language server does not start; :checkhealth pmat tells more')
  end
end

---Start a client for the current file or folder.
---@return integer? id of the client
local function start_here()
  local ready = M.configuration()
  local file = vim.bo.buftype == '' and vim.api.nvim_buf_get_name(0) or ''
  return is_installed(ready) and start(ready, file) or nil
end

---Call `done` with the client; one is started for the current file or folder if there is none.
---@param done fun(client: vim.lsp.Client)
function M.with_client(done)
  local client = M.client()
  if client then
    done(client)
    return
  end
  local id = start_here()
  if id then
    when_started(id, done)
  end
end

---The client, at once: one that has to be started is waited for a moment.
---@return vim.lsp.Client?
local function client_now()
  local client = M.client()
  local id = not client and start_here()
  if id then
    vim.wait(LONGEST_WAIT, function()
      client = vim.lsp.get_client_by_id(id)
      return client ~= nil and client.initialized == true
    end, 20)
  end
  return client and client.initialized and client or nil
end

---What to tell of an error of the server: what happened, and what to do next.
---@param error lsp.ResponseError
---@return string
local function error_text(error)
  local hint = type(error.data) == 'table' and error.data.hint or ''
  return hint == '' and error.message or error.message .. '\n' .. hint
end

---An answer whose absent values are nil: Neovim 0.12 has `vim.NIL` for the `null` of JSON.
---@param value any
---@return any
local function plain(value)
  if value == vim.NIL then
    return nil
  elseif type(value) ~= 'table' then
    return value
  end
  return vim.tbl_map(plain, value)
end

---Ask; an error is told to the user.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param done fun(result: any)
---@param failed? fun() called instead of `done`
function M.ask(client, method, params, done, failed)
  local function answered(error, result)
    if error then
      if failed then
        failed()
      end
      ui.error(error_text(error))
    else
      done(plain(result))
    end
  end
  if ENABLES then
    client:request(method, params, answered)
  else
    client.request(method, params, answered)
  end
end

---Tell the server.
---@param client vim.lsp.Client
---@param method string
---@param params table
function M.notify(client, method, params)
  if ENABLES then
    client:notify(method, params)
  else
    client.notify(method, params)
  end
end

---Run a command of the server; it tells what goes wrong by itself.
---@param name string "pmat.load"
---@param arguments any[]
---@param done? fun(result: any, client: vim.lsp.Client)
function M.execute(name, arguments, done)
  M.with_client(function(client)
    M.ask(client, 'workspace/executeCommand', { command = name, arguments = arguments }, function(result)
      if done then
        done(result, client)
      end
    end)
  end)
end

---@type pmat.Question[]?
local questions

---What can be asked; waits a moment for the server to tell it.
---@return pmat.Question[]
function M.questions()
  local client = not questions and client_now()
  if client then
    local ask = ENABLES and function(...)
      return client:request_sync(...)
    end or client.request_sync
    local answer = ask('pmat/catalogue', vim.empty_dict(), LONGEST_WAIT)
    questions = answer and answer.result and plain(answer.result.questions)
  end
  return questions or {}
end

return M
