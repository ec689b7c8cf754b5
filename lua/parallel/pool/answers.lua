--- One answer of each worker, by its place: what pool:everywhere and pool:group have in common.
local core = require 'parallel.core'
local new_job = require 'parallel.pool.job'.new
local protocol = require 'parallel.pool.protocol'

local answers = {}
answers.__index = answers

--- n: how many are awaited. task: f, args (a list with n), id, timeout, describe of the jobs. better(a, b): is the error a to be raised
-- instead of b, which came first?
function answers.new(n, task, better)
  return setmetatable({left = n, task = task, better = better, results = {}, seen = {}}, answers)
end

--- The answer of a place, unless it has one: a worker may have been replaced.
function answers:take(place, value, err)
  if self.seen[place] then return end
  self.seen[place], self.results[place] = true, value
  self.left = self.left - 1
  if err and (not self.failure or self.better and self.better(err, self.failure)) then self.failure = err end
end

--- The job of the worker at a place.
function answers:job(place)
  local task = self.task
  return new_job{
    own = true, mode = protocol.SPREAD, items = {task.args}, last = 1, f = task.f, id = task.id, timeout = task.timeout, describe = task.describe,
    on_value = function(_, _, value) self:take(place, value) end,
    on_error = function(_, _, err) self:take(place, nil, err) end,
  }
end

--- All of them by place; raises the error of one.
function answers:all()
  if self.failure then core.raise(self.failure) end
  return self.results
end

return answers
