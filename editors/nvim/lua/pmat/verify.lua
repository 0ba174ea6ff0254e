---`:Pmat verify`: the fixes of a leak are tried on the program itself; one that holds can be made.
local server = require('pmat.server')
local ui = require('pmat.ui')

local M = {}

local APPLY, SHOW, LEAVE = 'Apply it', 'Show it first', 'Leave the file as it is'

---@type string? of this session
local remembered
---Whether the command is asked for although one is known: that of before did not show the leak.
local asks_again = false
---@type table<string, boolean> the commands of which the user was warned
local warned = {}
---@type { client: vim.lsp.Client, token: string, ended: fun() }? what runs
local running
local tokens = 0

---End what runs.
function M.cancel()
  if running then
    server.notify(running.client, 'window/workDoneProgress/cancel', { token = running.token })
    -- Neovim keeps the answer to a request that was cancelled to itself.
    running.ended()
    ui.info('cancelled: the fix is not verified')
  else
    ui.info('no fix is being verified')
  end
end

---Say how far it is, until the function that is returned is called.
---@param token string
---@return fun()
local function follow(token)
  local autocmd = vim.api.nvim_create_autocmd('LspProgress', {
    callback = function(event)
      local told = event.data.params
      if told.token == token and told.value.message then
        vim.api.nvim_echo({ { 'pmat: verifying the fix, ' .. told.value.message } }, false, {})
      end
    end,
  })
  return function()
    vim.api.nvim_del_autocmd(autocmd)
  end
end

---Write what is changed in a folder: the command runs with the files on the disk.
---@param folder string
local function save(folder)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local file = vim.uri_from_bufnr(bufnr)
    if vim.bo[bufnr].modified and vim.bo[bufnr].buftype == '' and vim.startswith(file, folder .. '/') then
      vim.api.nvim_buf_call(bufnr, function()
        vim.cmd('silent update')
      end)
    end
  end
end

---@param command string
---@param warning string
---@return boolean whether the user wants to run it
local function is_wanted(command, warning)
  if warned[command] then
    return true
  end
  local question = ('pmat: run "%s"?\n%s%s.'):format(command, warning:sub(1, 1):upper(), warning:sub(2))
  warned[command] = vim.fn.confirm(question, '&Run it\n&Cancel', 2, 'Warning') == 1
  return warned[command]
end

---Call `done` with the command line: that of this session or of the settings, else what is typed.
---@param usual string
---@param done fun(command: string)
local function with_command(usual, done)
  local known = remembered or vim.tbl_get(require('pmat.config').options(), 'settings', 'verifyCommand')
  if known and not asks_again then
    done(known)
    return
  end
  local options = { prompt = 'Command that shows the leak: ', default = known or usual, completion = 'shellcmd' }
  vim.ui.input(options, function(typed)
    local command = vim.trim(typed or '')
    if command ~= '' then
      remembered, asks_again = command, false
      done(command)
    end
  end)
end

---@param edit lsp.WorkspaceEdit
---@return table<integer, integer> by loaded buffer: the state of its text
local function ticks_of(edit)
  local ticks = {}
  for _, change in ipairs(edit.documentChanges or {}) do
    local bufnr = vim.uri_to_bufnr(change.textDocument.uri)
    if vim.api.nvim_buf_is_loaded(bufnr) then
      ticks[bufnr] = vim.api.nvim_buf_get_changedtick(bufnr)
    end
  end
  return ticks
end

---@param diff string
local function show(diff)
  vim.cmd('botright new')
  local bufnr = vim.api.nvim_get_current_buf()
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.bo[bufnr].swapfile = false
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, vim.split(vim.trim(diff), '\n'))
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = 'diff'
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, desc = 'Close the window' })
end

---Ask whether a verified fix is to be made.
---@param trial pmat.Trial
---@param client vim.lsp.Client
---@param ticks table<integer, integer>
---@param answers string[]
local function offer(trial, client, ticks, answers)
  vim.ui.select(answers, { prompt = trial.title }, function(chosen)
    if chosen == SHOW then
      show(trial.diff)
      vim.cmd.redraw()
      offer(trial, client, ticks, { APPLY, LEAVE })
    elseif chosen == APPLY and not vim.deep_equal(ticks, ticks_of(trial.edit)) then
      ui.error('not applied: a file has changed since the fix was verified')
    elseif chosen == APPLY then
      vim.lsp.util.apply_workspace_edit(trial.edit, client.offset_encoding)
      ui.info('applied: ' .. trial.title .. '; :wall writes it')
    end
  end)
end

---@param answer pmat.Verification
---@param client vim.lsp.Client
local function tell(answer, client)
  local trial = vim.iter(answer.trials):find(function(one)
    return one.verified
  end) or answer.trials[#answer.trials]
  local lines = { ('%s: %s'):format(trial.title, trial.outcome) }
  vim.list_extend(lines, answer.notes)
  if trial.edit then
    ui.info(table.concat(lines, '\n'))
    offer(trial, client, ticks_of(trial.edit), { APPLY, SHOW, LEAVE })
    return
  end
  asks_again = trial.verified == nil
  if asks_again then
    table.insert(lines, 'the next :Pmat verify asks for another command')
  end
  ui.error('not applied: ' .. table.concat(lines, '\n'))
end

---@param finding pmat.Finding
---@param known pmat.Fixes
---@param command string
---@param client vim.lsp.Client
local function run(finding, known, command, client)
  if not is_wanted(command, known.warning) then
    return
  end
  save(known.folder)
  tokens = tokens + 1
  local mine = { client = client, token = 'pmat-verify-' .. tokens }
  local forget = follow(mine.token)
  function mine.ended()
    if running == mine then
      running = nil
      forget()
    end
  end
  running = mine
  ui.info(('verifying the fix with "%s"; :Pmat cancel ends it'):format(command))
  local params = { finding = finding.id, command = command, workDoneToken = mine.token }
  server.ask(client, 'pmat/verify', params, function(answer)
    mine.ended()
    tell(answer, client)
  end, mine.ended)
end

---@param finding pmat.Finding
---@param client vim.lsp.Client
function M.run(finding, client)
  if running then
    ui.error('a fix is being verified; :Pmat cancel ends that')
    return
  end
  server.ask(client, 'pmat/fixes', { finding = finding.id }, function(known)
    if #known.fixes == 0 then
      ui.error(('there is no fix to try: %s\nby hand: %s'):format(known.whyNone, known.byHand))
    elseif not known.folder then
      ui.error('the source is not below the folder that the server has: start Neovim in the folder of the program')
    else
      with_command(known.command, function(command)
        run(finding, known, command, client)
      end)
    end
  end)
end

return M
