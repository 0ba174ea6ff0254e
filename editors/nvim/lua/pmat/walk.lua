---Which entry of the list of a chain the walk goes to next.
local M = {}

---@class pmat.Stop a location of the chain
---@field entries integer[] of the list: several only where they follow each other
---@field item table as getloclist() gives it

---@class pmat.Cursor
---@field bufnr integer
---@field lnum integer from 1
---@field col integer in bytes, from 1

---@param a table
---@param b table
---@return boolean
local function same(a, b)
  return a.bufnr == b.bufnr and a.lnum == b.lnum and a.col == b.col
end

---The locations of a chain in its order, without the entries that have none.
---@param items table[]
---@return pmat.Stop[]
function M.stops(items)
  local stops = {}
  for number, item in ipairs(items) do
    local last = stops[#stops]
    if item.valid == 1 and last and same(last.item, item) then
      table.insert(last.entries, number)
    elseif item.valid == 1 then
      table.insert(stops, { entries = { number }, item = item })
    end
  end
  if #stops > 1 and same(stops[1].item, stops[#stops].item) then
    vim.list_extend(stops[1].entries, table.remove(stops).entries)
  end
  return stops
end

---Lines, then columns between a cursor and a stop; of ranges in each other the inner one is nearer.
---@param stop pmat.Stop
---@param cursor pmat.Cursor
---@param walked integer
---@return integer[]
local function distance(stop, cursor, walked)
  local item = stop.item
  local behind = item.end_col > 0 and item.end_lnum == item.lnum and cursor.col - item.end_col + 1 or 0
  return {
    math.abs(item.lnum - cursor.lnum),
    math.max(item.col - cursor.col, behind, 0),
    math.abs(item.col - cursor.col),
    vim.list_contains(stop.entries, walked) and 0 or 1,
  }
end

---@param a integer[]
---@param b integer[]
---@return boolean
local function less(a, b)
  for part = 1, #a do
    if a[part] ~= b[part] then
      return a[part] < b[part]
    end
  end
  return false
end

---The index of the stop in the buffer of a cursor that is nearest to it; the one walked to, where two are alike.
---@param stops pmat.Stop[]
---@param cursor pmat.Cursor
---@param walked integer
---@return integer?
local function nearest(stops, cursor, walked)
  local found, least
  for index, stop in ipairs(stops) do
    local far = stop.item.bufnr == cursor.bufnr and distance(stop, cursor, walked)
    if far and (not least or less(far, least)) then
      found, least = index, far
    end
  end
  return found
end

---The index of the stop behind an entry, or before it; the entry need not be one. It may be off the ends by one.
---@param stops pmat.Stop[]
---@param by 1|-1
---@param walked integer
---@return integer
local function after(stops, by, walked)
  local passed = 0
  for index, stop in ipairs(stops) do
    if vim.list_contains(stop.entries, walked) then
      return index + by
    end
    passed = passed + (stop.entries[1] < walked and 1 or 0)
  end
  return by > 0 and passed + 1 or passed
end

---The entry to go to: behind the last one comes the first.
---@param items table[] of the list, as getloclist() gives them
---@param by 1|-1
---@param walked integer the entry that was gone to last
---@param cursor pmat.Cursor? where it was put since then. The walk goes on from the stop on its line; where there is
---none, at the nearest one in its buffer; where there is none either, behind the entry that was gone to last.
---@return integer? none: there is no stop
function M.next(items, by, walked, cursor)
  local stops = M.stops(items)
  local near = cursor and nearest(stops, cursor, walked)
  local index = near or after(stops, by, walked)
  if near and stops[near].item.lnum == cursor.lnum then
    index = near + by
  end
  local stop = stops[(index - 1) % math.max(#stops, 1) + 1]
  return stop and stop.entries[1]
end

return M
