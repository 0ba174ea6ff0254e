-- What exists before anything is asked: a command, and what starts the server. All else is loaded when it is used.
if vim.g.loaded_pmat or vim.fn.has('nvim-0.10') == 0 then
  return
end
vim.g.loaded_pmat = true

local group = vim.api.nvim_create_augroup('pmat', {})

vim.api.nvim_create_user_command('Pmat', function(call)
  require('pmat.command').run(call.fargs)
end, {
  nargs = '*',
  desc = 'Ask about the heap dump of a Perl program',
  complete = function(_, line, column)
    return require('pmat.command').complete(line:sub(1, column))
  end,
})

vim.api.nvim_create_autocmd('FileType', {
  group = group,
  pattern = 'perl',
  desc = 'Start pmat-lsp',
  callback = function(event)
    require('pmat.server').enable(event.buf)
  end,
})

vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = 'pmat:/*',
  desc = 'Read a report of pmat-lsp',
  callback = function(event)
    require('pmat.document').read(event.buf, event.match)
  end,
})

vim.api.nvim_create_autocmd('BufReadCmd', {
  group = group,
  pattern = { '*.pmat', '*.pmat.gz', '*.pmat.xz', '*.pmat.zst' },
  desc = 'Open a heap dump in the server instead of its bytes',
  callback = function(event)
    require('pmat.dump').read(event.buf, event.match)
  end,
})
