---@type vim.lsp.Config
return require('pmat.config').client()
