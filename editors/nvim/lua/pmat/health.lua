---`:checkhealth pmat`.
local server = require('pmat.server')

local M = {}

local LONGEST_WAIT = 5000 -- milliseconds

---@param cmd string[]
---@return vim.SystemCompleted?
local function output(cmd)
  local started, process = pcall(vim.system, cmd, { text = true })
  return started and process:wait(LONGEST_WAIT) or nil
end

local function check_neovim()
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok('Neovim ' .. tostring(vim.version()))
  else
    vim.health.ok(('Neovim %s: the server is started by the plugin itself'):format(vim.version()))
  end
end

local function check_server()
  local cmd = server.configuration().cmd
  if type(cmd) ~= 'table' then
    vim.health.info('the server is started by a function')
    return
  end
  if vim.fn.executable(cmd[1]) == 0 then
    local advice = { 'pip install pmat-lsp', "or set vim.g.pmat = { cmd = { '/path/to/pmat-lsp', 'serve' } }" }
    vim.health.error(cmd[1] .. ' is no program', advice)
    return
  end
  local version = vim.tbl_map(function(word)
    return word == 'serve' and '--version' or word
  end, cmd)
  local result = output(version)
  if result and result.code == 0 then
    vim.health.ok(('%s (%s)'):format(vim.trim(result.stdout), vim.fn.exepath(cmd[1])))
  else
    local reason = result and vim.trim(result.stderr) or 'it does not start'
    vim.health.error(('%s fails: %s'):format(table.concat(version, ' '), reason), { 'pip install --upgrade pmat-lsp' })
  end
end

---@param client vim.lsp.Client
local function check_encodings(client)
  for bufnr in pairs(client.attached_buffers) do
    for _, other in ipairs(vim.lsp.get_clients({ bufnr = bufnr })) do
      if other.offset_encoding ~= client.offset_encoding then
        vim.health.warn(
          ('%s counts columns in %s, pmat in %s'):format(other.name, other.offset_encoding, client.offset_encoding),
          {
            ("vim.lsp.config('%s', { capabilities = { general = { positionEncodings = { '%s' } } } })"):format(
              other.name,
              client.offset_encoding
            ),
          }
        )
        return
      end
    end
  end
  vim.health.ok('one offset encoding: ' .. client.offset_encoding)
end

local function check_clients()
  local clients = vim.lsp.get_clients({ name = 'pmat' })
  if #clients == 0 then
    vim.health.info('no server runs; one starts with the first Perl file, or with :Pmat')
  end
  for _, client in ipairs(clients) do
    vim.health.ok('a server runs in ' .. (client.root_dir or 'no folder'))
    check_encodings(client)
  end
  local leaks = require('pmat.model').last()
  if leaks then
    vim.health.info(leaks.message)
  end
end

local function check_perl()
  local result = output({ 'perl', '-MDevel::MAT::Dumper', '-e', 'print Devel::MAT::Dumper->VERSION' })
  if result and result.code == 0 then
    vim.health.ok('Devel::MAT::Dumper ' .. result.stdout)
  else
    vim.health.info('perl here has no Devel::MAT::Dumper: dumps have to be made elsewhere, or: cpan Devel::MAT::Dumper')
  end
end

function M.check()
  vim.health.start('pmat')
  check_neovim()
  check_server()
  check_clients()
  check_perl()
end

return M
