---`:Pmat`: its own sub-commands, and every question of the server's catalogue.
local model = require('pmat.model')
local server = require('pmat.server')
local ui = require('pmat.ui')

local M = {}

---@class pmat.Command
---@field title string
---@field run fun(words: string[])
---@field takes? 'finding'|'dump' what its words are

---Call `done` with the finding that is meant: by its id, under the cursor, the only one, or chosen.
---@param id string?
---@param done fun(finding: pmat.Finding, client: vim.lsp.Client)
local function with_finding(id, done)
  id = id or require('pmat.lists').under_cursor()
  model.with_leaks(function(leaks, client)
    if id then
      local named = model.finding(leaks, id)
      if named then
        done(named, client)
      else
        ui.error(('there is no finding %s in this dump; :Pmat leaks has them all'):format(id))
      end
      return
    end
    local here = model.here(leaks)
    local candidates = #here > 0 and here or model.all(leaks)
    if #candidates == 0 then
      ui.info(leaks.message)
    elseif #candidates == 1 then
      done(candidates[1], client)
    else
      local options = {
        prompt = 'Leak',
        format_item = function(finding)
          return ('%s [%s]'):format(finding.title, finding.code)
        end,
      }
      vim.ui.select(candidates, options, function(chosen)
        if chosen then
          done(chosen, client)
        end
      end)
    end
  end)
end

---@type table<string, pmat.Command>
local COMMANDS = {
  leaks = {
    title = 'list what leaked in the quickfix list',
    run = function()
      model.with_leaks(require('pmat.lists').show)
    end,
  },
  tree = {
    title = 'show what leaked as a tree',
    run = function()
      model.with_leaks(require('pmat.findings').show)
    end,
  },
  chain = {
    title = 'walk the chain of a leak: marks, and the location list',
    takes = 'finding',
    run = function(words)
      with_finding(words[1], require('pmat.chain').show)
    end,
  },
  verify = {
    title = 'try the fix of a leak on the program, and make it if it holds',
    takes = 'finding',
    run = function(words)
      with_finding(words[1], require('pmat.verify').run)
    end,
  },
  cancel = {
    title = 'end the command that verifies a fix',
    run = function()
      require('pmat.verify').cancel()
    end,
  },
  clear = {
    title = 'take the marks of the chain away',
    run = function()
      require('pmat.chain').clear()
    end,
  },
  report = {
    title = 'open the report, of all leaks or of one',
    takes = 'finding',
    run = function(words)
      local document = require('pmat.document')
      if not words[1] then
        document.open('pmat:/leaks.md')
        return
      end
      with_finding(words[1], function(finding)
        document.open(finding.document)
      end)
    end,
  },
  load = {
    title = 'put a heap dump in front',
    takes = 'dump',
    run = function(words)
      local dump = require('pmat.dump')
      if words[1] then
        dump.load(words[1])
      else
        dump.choose()
      end
    end,
  },
  reload = {
    title = 'read the open heap dump again',
    run = function()
      server.execute('pmat.reload', {})
    end,
  },
  unload = {
    title = 'close the heap dump',
    run = function()
      server.execute('pmat.unload', {})
    end,
  },
}

---@param name string
---@return pmat.Question?
local function question_named(name)
  return vim.iter(server.questions()):find(function(question)
    return question.name == name
  end)
end

---@param question pmat.Question
---@return pmat.Parameter? the SV that it is about
local function wanted_sv(question)
  return vim.iter(question.parameters):find(function(parameter)
    return parameter.takes == 'sv' and parameter.required
  end)
end

---An address that the cursor is at, or that of the leak on its line.
---@return string?
local function address_here()
  local word = vim.fn.expand('<cword>'):match('^0x%x+$')
  local leaks = not word and model.last()
  local finding = leaks and model.here(leaks)[1]
  return word or (finding and finding.addresses[1])
end

---Two dumps or more: those that are named; without names the previous one and the open one.
---@param question pmat.Question
---@param words string[]
local function run_on_dumps(question, words)
  local dumps, rest = {}, {}
  for _, word in ipairs(words) do
    if require('pmat.config').is_dump(word) then
      table.insert(dumps, vim.uri_from_fname(vim.fs.normalize(vim.fn.fnamemodify(word, ':p'))))
    else
      table.insert(rest, word)
    end
  end
  local answer = require('pmat.answer')
  if #dumps > 0 or question.dumps.least > 2 then
    answer.run(question.name, rest, dumps)
    return
  end
  model.with_leaks(function(leaks)
    local dump = leaks.dump
    if dump and dump.previous then
      answer.run(question.name, rest, { dump.previous, dump.uri })
    else
      ui.error(('there is no previous dump; name them: :Pmat %s OLD.pmat NEW.pmat'):format(question.name))
    end
  end)
end

---@param question pmat.Question
---@param words string[]
local function run_question(question, words)
  local run = require('pmat.answer').run
  if question.dumps.least > 1 then
    run_on_dumps(question, words)
  elseif #words > 0 or not wanted_sv(question) then
    run(question.name, words)
  elseif address_here() then
    run(question.name, { address_here() })
  else
    local prompt = question.name .. ' (an address, a root or a symbol): '
    vim.ui.input({ prompt = prompt }, function(typed)
      if typed and vim.trim(typed) ~= '' then
        run(question.name, { vim.trim(typed) })
      end
    end)
  end
end

---The names of the sub-commands that are not questions.
---@return string[]
function M.names()
  return vim.tbl_keys(COMMANDS)
end

---@return { name: string, title: string }[]
local function all()
  local made = {}
  for name, command in vim.spairs(COMMANDS) do
    table.insert(made, { name = name, title = command.title })
  end
  return vim.list_extend(made, server.questions())
end

---Let the user choose what to ask.
local function choose()
  local options = {
    prompt = 'Ask the heap dump',
    format_item = function(one)
      return ('%-18s %s'):format(one.name, one.title)
    end,
  }
  vim.ui.select(all(), options, function(chosen)
    if chosen then
      M.run({ chosen.name })
    end
  end)
end

---@param words string[] the name, and what stands behind it
function M.run(words)
  local name, rest = words[1], vim.list_slice(words, 2)
  local command = name and COMMANDS[name]
  if command then
    command.run(rest)
    return
  end
  server.with_client(function()
    local question = name and question_named(name)
    if not name then
      choose()
    elseif question then
      run_question(question, rest)
    else
      ui.error(('there is no :Pmat %s; :Pmat alone lists what there is'):format(name))
    end
  end)
end

---@return string[] addresses of leaked SVs, and those in the current buffer
local function addresses()
  local found = {}
  local leaks = model.last()
  for _, finding in ipairs(leaks and model.all(leaks) or {}) do
    vim.list_extend(found, finding.addresses)
  end
  if vim.bo.buftype == 'nofile' then
    for _, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, 1000, false)) do
      vim.list_extend(found, vim.iter(line:gmatch('0x%x+')):totable())
    end
  end
  return found
end

---@param typed string
---@return string[] folders and dumps
local function dumps(typed)
  return vim.tbl_filter(function(path)
    return vim.endswith(path, '/') or require('pmat.config').is_dump(path)
  end, vim.fn.getcompletion(typed, 'file'))
end

---@return string[]
local function findings()
  local leaks = model.last()
  return vim.tbl_map(function(finding)
    return finding.id
  end, leaks and model.all(leaks) or {})
end

---@param name string of a parameter
---@return string "--no-elide"
local function option(name)
  return '--' .. name:gsub('_', '-')
end

---What may stand in a place of a question.
---@param question pmat.Question
---@param typed string
---@param before string the word before it
---@return string[]
local function words_of(question, typed, before)
  local options, words = {}, {}
  for _, parameter in ipairs(question.parameters) do
    local name = option(parameter.name)
    if name == before and #parameter.choices > 0 then
      return parameter.choices
    elseif parameter.takes == 'sv' then
      vim.list_extend(words, addresses())
    elseif parameter.positional then
      vim.list_extend(words, parameter.choices)
    else
      table.insert(options, name)
    end
  end
  if question.dumps.least > 1 then
    vim.list_extend(words, dumps(typed))
  end
  return vim.startswith(typed, '-') and options or vim.list_extend(words, options)
end

---Completion of the command line.
---@param line string up to the cursor
---@return string[]
function M.complete(line)
  local words = vim.split(line:gsub('^.-Pmat%s*', ''), '%s+')
  local typed, name = words[#words], words[1]
  local candidates
  if #words == 1 then
    candidates = vim.tbl_map(function(one)
      return one.name
    end, all())
  elseif COMMANDS[name] then
    local takes = COMMANDS[name].takes
    candidates = takes == 'dump' and dumps(typed) or takes == 'finding' and findings() or {}
  else
    local question = question_named(name)
    candidates = question and words_of(question, typed, words[#words - 1]) or {}
  end
  local seen = {}
  return vim.tbl_filter(function(word)
    local first = vim.startswith(word, typed) and not seen[word]
    seen[word] = true
    return first
  end, candidates)
end

return M
