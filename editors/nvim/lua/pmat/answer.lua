---The answer to a question of the catalogue, in a buffer.
local server = require('pmat.server')
local tree = require('pmat.tree')
local ui = require('pmat.ui')

local M = {}

local OPEN = 99
local HIGHEST_HEAD = 2 -- lines

---The lines as the server would write them on a terminal. Those of a tree have the depth of their rows, which stand
---below one or two lines of a head.
---@param result pmat.RunResult
---@return pmat.Line[]
local function lines(result)
  local texts, rows = vim.split(result.text:gsub('\n+$', ''), '\n'), result.answer.rows
  local head = #texts - #rows
  local folds = head >= 0 and head <= HIGHEST_HEAD and #rows > 0 and rows[1].depth ~= nil
  local made = {}
  for number, text in ipairs(texts) do
    local row = folds and rows[number - head]
    table.insert(made, { text = text, depth = row and row.depth + 1 or 0, address = text:match('0x%x+') })
  end
  return made
end

---Ask, and show the answer.
---@param name string
---@param words string[] as they are typed
---@param dumps? string[] URIs, oldest first; the open dump if they are left out
function M.run(name, words, dumps)
  server.with_client(function(client)
    server.ask(client, 'pmat/run', { name = name, words = words, dumps = dumps }, function(result)
      local asked = table.concat(vim.list_extend({ 'pmat', name }, words), ' ')
      if vim.trim(result.text) == '' then
        ui.info(('%s: there is nothing'):format(asked:sub(#'pmat ' + 1)))
      else
        tree.open(asked, lines(result), OPEN)
      end
    end)
  end)
end

return M
