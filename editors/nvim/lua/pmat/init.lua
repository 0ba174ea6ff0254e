---What other plugins and a status line may use.
local M = {}

---One line about the open heap dump, for a status line; "" before a server has told.
---@return string
function M.status()
  local model = package.loaded['pmat.model']
  local leaks = model and model.last()
  return leaks and leaks.message or ''
end

return M
