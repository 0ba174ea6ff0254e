---What the user set in `vim.g.pmat`, and the configuration of the client that is made of it.
local M = {}

---@class pmat.Options
---@field cmd? string[] the command line of the server
---@field autostart? boolean whether a Perl file starts the server; true unless it is set
---@field settings? table the server's settings, without the `pmat` around them: { dump = 'logs/app.pmat' }

local MARKERS = { 'cpanfile', 'Makefile.PL', 'Build.PL', 'dist.ini', '.git' }
local DUMP_ENDINGS = { '.pmat', '.pmat.gz', '.pmat.xz', '.pmat.zst' }

---What to start, and how; the first that is installed.
local RUNNERS = {
  { 'pmat-lsp', 'serve' },
  { 'uvx', 'pmat-lsp', 'serve' },
  { 'pipx', 'run', 'pmat-lsp', 'serve' },
}

---@return pmat.Options
function M.options()
  return vim.g.pmat or {}
end

---The command line of the server; where nothing is installed, that of the server itself.
---@return string[]
local function command()
  local set = M.options().cmd
  if set then
    return set
  end
  for _, runner in ipairs(RUNNERS) do
    if vim.fn.executable(runner[1]) == 1 then
      return runner
    end
  end
  return RUNNERS[1]
end

---@param name string
---@return boolean
function M.is_dump(name)
  return vim.iter(DUMP_ENDINGS):any(function(ending)
    return vim.endswith(name, ending)
  end)
end

---The folder of the program that a file belongs to: one with a mark of a project, else the current one where the file
---is below it, else the file's own.
---@param file string absolute path, or "" for none
---@return string
function M.root(file)
  local here = vim.fs.normalize(vim.fn.getcwd())
  if file == '' then
    return vim.fs.root(here, MARKERS) or here
  end
  local below = vim.startswith(vim.fs.normalize(file), here .. '/')
  return vim.fs.root(file, MARKERS) or (below and here) or vim.fs.dirname(file)
end

---The client's configuration, as `vim.lsp.config` and `vim.lsp.start` take it.
---@return vim.lsp.Config
function M.client()
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  -- The encoding that every Perl language server knows: a buffer with two of them is not asked about columns twice.
  capabilities.general = vim.tbl_extend('force', capabilities.general or {}, { positionEncodings = { 'utf-16' } })
  -- Neovim has vim.lsp.buf.typehierarchy(), and does not say so.
  capabilities.textDocument.typeHierarchy = { dynamicRegistration = false }
  capabilities.workspace.textDocumentContent = { dynamicRegistration = true }
  return {
    name = 'pmat',
    cmd = command(),
    filetypes = { 'perl' },
    root_dir = function(bufnr, on_dir)
      on_dir(M.root(vim.api.nvim_buf_get_name(bufnr)))
    end,
    capabilities = capabilities,
    settings = { pmat = M.options().settings or vim.empty_dict() },
    init_options = { pmat = M.options().settings, client = { changed = true, verify = true } },
    -- Of a code action: a chain is better walked than read.
    commands = {
      ['pmat.showChain'] = function(asked)
        require('pmat.command').run(vim.list_extend({ 'chain' }, asked.arguments or {}))
      end,
      ['pmat.verify'] = function(asked)
        require('pmat.command').run(vim.list_extend({ 'verify' }, asked.arguments or {}))
      end,
    },
    handlers = {
      ['pmat/changed'] = function(_, changed, context)
        require('pmat.model').changed(context.client_id, changed)
      end,
      ['workspace/textDocumentContent/refresh'] = function(_, refreshed)
        require('pmat.document').refresh(refreshed.uri)
        return vim.NIL
      end,
    },
  }
end

return M
