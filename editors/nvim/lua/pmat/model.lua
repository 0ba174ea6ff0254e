---What leaked, as each server told last; follows `pmat/changed`.
local server = require('pmat.server')
local ui = require('pmat.ui')

local M = {}

local PATIENCE = 2000 -- milliseconds in which a server that was just started may begin to load a dump
local AGAIN = 100

---@class pmat.Known
---@field leaks pmat.Leaks?
---@field since integer when the server was first asked
---@field waiting fun(leaks: pmat.Leaks, client: vim.lsp.Client)[]

---@type table<integer, pmat.Known> by the id of the client
local known = {}

---@param id integer
---@return pmat.Known
local function of(id)
  known[id] = known[id] or { since = vim.uv.now(), waiting = {} }
  return known[id]
end

---The last answer of the client of the current buffer, without asking.
---@return pmat.Leaks?, vim.lsp.Client?
function M.last()
  local client = server.client()
  return client and of(client.id).leaks, client
end

---@param client vim.lsp.Client
local function tell(client)
  local here = of(client.id)
  local waiting = here.waiting
  here.waiting = {}
  for _, done in ipairs(waiting) do
    done(here.leaks, client)
  end
end

---@param client vim.lsp.Client
---@param done fun(leaks: pmat.Leaks)
local function fetch(client, done)
  server.ask(client, 'pmat/leaks', vim.empty_dict(), function(leaks)
    of(client.id).leaks = leaks
    done(leaks)
  end)
end

---Handles `pmat/changed`: asks what leaked now, and redraws what shows it.
---@param id integer of the client
---@param changed pmat.Changed
function M.changed(id, changed)
  local client = vim.lsp.get_client_by_id(id)
  if not client or changed.state == 'loading' then
    return
  end
  fetch(client, function(leaks)
    for _, view in ipairs({ 'pmat.chain', 'pmat.lists', 'pmat.findings' }) do
      if package.loaded[view] then
        require(view).changed(leaks, client)
      end
    end
    vim.api.nvim_exec_autocmds('User', { pattern = 'PmatChanged', data = changed })
    tell(client)
  end)
end

---@param client vim.lsp.Client
---@return boolean whether it may still be looking for dumps
local function just_started(client)
  return vim.uv.now() - of(client.id).since < PATIENCE
end

---Call `done` with what leaked in the open dump, once it is read; where none is open, the user is told.
---@param done fun(leaks: pmat.Leaks, client: vim.lsp.Client)
function M.with_leaks(done)
  server.with_client(function(client)
    local here = of(client.id)
    fetch(client, function(leaks)
      if leaks.state == 'loading' then
        ui.info(leaks.message)
        table.insert(here.waiting, function(later)
          if later.dump then
            done(later, client)
          end
        end)
      elseif leaks.dump then
        done(leaks, client)
      elseif leaks.state == 'none' and just_started(client) then
        vim.defer_fn(function()
          M.with_leaks(done)
        end, AGAIN)
      else
        ui.error(leaks.message .. '\n:Pmat load FILE opens a heap dump')
      end
    end)
  end)
end

---Call `done` with the dumps to choose from, those written last first.
---@param done fun(dumps: pmat.Choice[])
function M.with_dumps(done)
  server.with_client(function(client)
    fetch(client, function(leaks)
      local dumps = leaks.dumps or {}
      if #dumps == 0 and just_started(client) then
        vim.defer_fn(function()
          M.with_dumps(done)
        end, AGAIN)
      else
        done(dumps)
      end
    end)
  end)
end

---The findings: what leaked, then what only holds itself.
---@param leaks pmat.Leaks
---@return pmat.Finding[]
function M.all(leaks)
  return vim.list_extend(vim.list_slice(leaks.findings), leaks.selfHeld or {})
end

---The findings that have a place on the line of the cursor.
---@param leaks pmat.Leaks
---@return pmat.Finding[]
function M.here(leaks)
  local uri, line = vim.uri_from_bufnr(0), vim.api.nvim_win_get_cursor(0)[1] - 1
  return vim.tbl_filter(function(finding)
    return vim.iter(finding.places):any(function(place)
      return place.uri == uri and place.range.start.line == line
    end)
  end, M.all(leaks))
end

---@param leaks pmat.Leaks
---@param id string
---@return pmat.Finding?
function M.finding(leaks, id)
  return vim.iter(M.all(leaks)):find(function(finding)
    return finding.id == id
  end)
end

---Where the step away from an SV is written: known of the SVs on the chains.
---@param leaks pmat.Leaks
---@param address string
---@return pmat.Place?
function M.place_of(leaks, address)
  for _, finding in ipairs(M.all(leaks)) do
    for _, hop in ipairs(finding.hops) do
      if hop.source == address and hop.place then
        return hop.place
      end
    end
  end
end

return M
