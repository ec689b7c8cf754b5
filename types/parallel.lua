---@meta parallel
-- The contract of every public function: what editors show (the Lua language server reads this file) and what docs/reference.md is made of
-- (tools/reference.lua). Times are in seconds, sizes in bytes. Misuse raises a text that names the argument; what another process did
-- raises a parallel.Error. Tests compare this file with what the library has.

--- Processes, messages and pools. `require 'parallel'` returns it and sets the global of the same name; a child has both already.
---@class parallel
---@field id integer number of this process: 0 in the top process, from 1 in children, in the order of their start
---@field pid integer process id of the system
---@field name string? the option `name` that this process was started with
---@field parent parallel.Child in a child the parent; in the top process a stand-in with `id` -1
---@field children parallel.Children the children of this process by id, which is also a group
---@field nchildren integer how many children there are
---@field args any[] in a child: the arguments of its code
---@field interpreter string|string[]|nil the Lua for all children: a name, a path, or a command with arguments
---@field start_method 'spawn'|'forkserver'|nil how children are started
---@field block_cache integer so many bytes of large blocks that Lua has freed are kept for the next large strings; 0: none
---@field processid integer id of the child to be started next
---@field ip string address of this machine for others
---@field remotes table[]? machines of `addremote`
---@field tensor torch the torch-like module of tensors (types/tensor.lua, docs/tensor.md)
---@field _VERSION string release of the library
local parallel = {}

-- --- values of several calls ---

--- What a blocking call raises when its peer failed. `tostring(err)` says it all.
---@class parallel.Error
---@field code 'failed'|'died'|'closed'|'timeout'|'unsupported'|'corrupt'|'invalid'|'yielded'|'full'|'limit'|'cancelled'|'journal'
---@field id integer? of the child
---@field name string? of the child
---@field message string what happened
---@field traceback string? the child's
---@field value any the child's error value, when it was no string and can travel
---@field signal integer? that killed it
---@field status integer? exit status
---@field others parallel.Error[]? errors of further children, from calls on groups
---@field task integer? of a pool: number of the task
---@field argument string? of a pool: the task's arguments in a few words
---@field worker integer? of a pool: place of the worker
---@field attempts integer? of a pool: how often it was tried
---@field kept boolean? of a journal: it is of an earlier run

---@class parallel.Timeout
---@field timeout number? seconds; none: no limit

---@class parallel.SendOptions: parallel.Timeout
---@field lossy boolean? an integer that the receiver's Lua cannot hold arrives as the nearest floating-point number

---@class parallel.RunOptions
---@field code string|function what runs; upvalues of a function travel along
---@field args any[]? its arguments; `n` counts nils at the end
---@field lua string|string[]|nil the interpreter: a name, a path, or a command with arguments
---@field env table<string, string|number|false>? variables of the environment; false removes one
---@field cwd string? working directory
---@field stdout 'inherit'|'prefix'|'capture'|'null'|nil where its output goes
---@field name string? what errors call it
---@field memory_limit number? bytes that it may have for itself, without what it shares (on macOS: of address space)
---@field nice integer? priority, 0 to 19
---@field affinity integer[]? numbers of cores, from 0 on
---@field functions boolean? false: no code is taken from it
---@field host string|table|nil the machine that it runs on
---@field program string? a program in C instead of code: strings go and come

---@class parallel.MapOptions
---@field chunk integer? tasks that are handed out together; by default as measured
---@field timeout number? seconds for one task; one that takes longer is stopped
---@field retries integer? how often a failed task is tried again
---@field on_error 'raise'|'skip'|fun(err: parallel.Error): any|nil what happens with an error
---@field seed number? random numbers of each task, the same for any number of workers
---@field progress boolean|string|fun(done: integer, total: integer?, seconds: number)|nil how far it is
---@field journal string? a file in which results are kept as they come
---@field journal_mode 'reuse'|'new'|nil what is done with a journal of another function or list
---@field retry 'failed'|nil with a journal: try again what failed

---@class parallel.ImapOptions: parallel.MapOptions
---@field ordered boolean? false: results as they come
---@field in_flight integer? how many tasks are read ahead of what was handed out (64 for each worker; up to 1024 of short ones)

---@class parallel.PoolOptions
---@field workers integer? how many processes; the usable cores by default; 0: everything in this process
---@field init function? runs once in each worker before any task
---@field init_timeout number? seconds until a worker must be ready
---@field name string? what workers are called
---@field lua string|string[]|nil as in parallel.run
---@field env table<string, string|number|false>? as in parallel.run
---@field cwd string? as in parallel.run
---@field memory_limit number? as in parallel.run
---@field nice integer? as in parallel.run
---@field max_tasks integer? a worker is replaced after so many tasks
---@field max_memory number? a worker is replaced when it has grown beyond so many bytes
---@field functions boolean? false: no code is taken from workers
---@field hosts boolean|string|table|nil other machines that workers run on
---@field reconnect boolean? false: a host that is lost is not asked to come back
---@field chunk integer? default of its maps
---@field timeout number? default of its maps; holds for `everywhere` as well
---@field retries integer? default of its maps
---@field on_error 'raise'|'skip'|fun(err: parallel.Error): any|nil default of its maps
---@field seed number? default of its maps
---@field progress boolean|string|function|nil default of its maps

---@class parallel.MapAndPoolOptions: parallel.MapOptions, parallel.PoolOptions

-- --- starting ---

--- Starts a process with a blank Lua state and runs code in it. What the code returns comes out of `join`.
--- Errors: no such interpreter, an option that is none, `unsupported` for an argument that cannot travel.
---@param code string|function|parallel.RunOptions
---@param ... any arguments of the code; nils are kept
---@return parallel.Child child also `parallel.children[child.id]`
function parallel.run(code, ...) end

--- Modules that the fork server (`start_method = 'forkserver'`) loads once, so that its children have them at hand.
---@param names string[]
function parallel.preload(names) end

--- Capacity of each direction's shared buffer, for children started afterwards; rounded up to a power of two. No limit on messages.
---@param bytes integer
function parallel.setSharedSize(bytes) end

--- What setSharedSize set, or the default.
---@return integer bytes
function parallel.getSharedSize() end

--- Memory that messages of one child may take up while they wait to be received; past it `join` and `send` raise `full`.
---@param bytes integer
function parallel.setInboxSize(bytes) end

--- What setInboxSize set, or the default.
---@return integer bytes
function parallel.getInboxSize() end

-- --- messages and ends, as functions ---

--- Sends one message to a child, a group or a list of children. Errors: `unsupported`, `closed`, `failed`, `died`, `timeout`, `full`.
---@param target parallel.Child|parallel.Children|parallel.Child[]
---@param value any
---@param options parallel.SendOptions?
function parallel.send(target, value, options) end

--- The next message of a child, or one of each of a group (by id) or list (by position).
---@param target parallel.Child|parallel.Children|parallel.Child[]
---@param ... any as `child:receive` and `group:receive` take them
---@return any value
function parallel.receive(target, ...) end

--- Waits until a child, or all of a group or list, have ended or reached `parallel.yield()`.
---@param target parallel.Child|parallel.Children|parallel.Child[]
---@param message any what yield returns there
---@param options parallel.Timeout?
---@return any ... values of its code; of several children a table of them
function parallel.join(target, message, options) end

--- Waits until the process of a child, or all of them, has ended, and forgets it.
---@param target parallel.Child|parallel.Children|parallel.Child[]
---@param options parallel.Timeout?
---@return any ... as join
function parallel.sync(target, options) end

--- A child that has a message or has ended; nil when the time is up, or when there is none.
---@param target parallel.Child|parallel.Children|parallel.Child[]|nil default: all children
---@param timeout number? seconds
---@return parallel.Child? child
function parallel.select(target, timeout) end

--- A descriptor that is readable when `select` may find a child, for event loops. It belongs to the library.
---@return integer fd
function parallel.fd() end

--- Ends all children, pools and the fork server at once. The same happens when the program ends.
function parallel.close() end

--- In a child: waits for the parent's `join` and returns its message.
---@param options parallel.Timeout?
---@return any message
function parallel.yield(options) end

-- --- this process ---

--- Like print, with `<parallel#002.001>` in front (the path of ids); each call is one write.
---@param ... any
function parallel.print(...) end

--- Cores that may be used, by affinity and limits of the control group.
---@return integer cores
function parallel.cores() end

--- What is in use here, and why not: `version`, `lua`, `direct` (are tables read in the memory of this Lua) and
--- `block_cache` (are large blocks used again), each `'on: ...'` or `'off: ...'` and why.
---@return table info
function parallel.info() end

--- Seconds of a clock that only goes forward, the same for all processes of a machine.
---@return number seconds
function parallel.clock() end

--- Any value that travels as a string.
---@param value any
---@param options {functions: boolean?, foreign: boolean?, lossy: boolean?}?
---@return string bytes
function parallel.encode(value, options) end

--- The value of such a string. Functions are accepted only where `functions = true` says so. No bytes crash it.
---@param bytes string
---@param options {functions: boolean?, lossy: boolean?}?
---@return any value
function parallel.decode(bytes, options) end

--- Writes any value that travels into a file.
---@param path string
---@param value any
---@param options {functions: boolean?, foreign: boolean?, lossy: boolean?}?
function parallel.save(path, value, options) end

--- The value of such a file. Functions are accepted only where `functions = true` says so.
---@param path string
---@param options {functions: boolean?, lossy: boolean?}?
---@return any value
function parallel.load(path, options) end

--- Teaches this process a type of userdata, or lets tables with a metatable travel with their class. The receiver has to know it too.
---@param typename string
---@param hooks {encode: function?, decode: function?, metatable: table?}
function parallel.register(typename, hooks) end

--- From now on this process and the children that it starts write one timeline into a file; nil ends it.
---@param file string?
function parallel.trace(file) end

--- Draws the tree of processes until its first one has ended, or, on a terminal, until the key q. Linux only.
---@param options {pid: integer?, every: number?, times: integer?, output: any}? seconds between pictures; how many
function parallel.top(options) end

--- Where the Lua of each process of a tree is right now. Linux only.
---@param pid integer? the first process of the tree; this one by default
---@param seconds number? that each has to answer
---@return string text
function parallel.stacks(pid, seconds) end

-- --- maps and pools ---

--- f(element) for each element of a list, on all cores: the results in order. The first error is raised, unless on_error says otherwise.
---@generic T, R
---@param f fun(element: T): R
---@param list T[]
---@param options parallel.MapAndPoolOptions?
---@return R[] results
---@return table<integer, parallel.Error>? errors by task, with on_error
function parallel.map(f, list, options) end

--- f(value, key) for each entry of a table; results and errors have the same keys.
---@param f fun(value: any, key: any): any
---@param t table
---@param options parallel.MapAndPoolOptions?
---@return table results
---@return table<any, parallel.Error>? errors
function parallel.pairs_map(f, t, options) end

--- Declares that nothing that f refers to changes any more, so that pools need not look at it each time.
---@generic F
---@param f F
---@return F f
function parallel.constant(f) end

--- Workers that live until the pool is closed or forgotten.
---@param options parallel.PoolOptions|integer|nil
---@return parallel.Pool pool
function parallel.pool(options) end

--- for fut in parallel.as_completed(futures) do: futures in the order in which they end.
---@param futures parallel.Future[]
---@param timeout number|parallel.Timeout|nil
---@return fun(): parallel.Future?
function parallel.as_completed(futures, timeout) end

-- --- other machines ---

--- The machines of the program: names, tables of options, a text, or what the environment says (docs/clusters.md).
---@param what any
---@return table hosts
function parallel.hosts(what) end

-- --- groups of siblings, objects in shared memory ---

--- In the parent: makes children a group. In a member: the group with this name, or the one that was taken last, or the first.
---@param what parallel.Child[]|parallel.Children|string|nil
---@param options {name: string?, channels: boolean?, timeout: number?}?
---@return parallel.Group group
function parallel.group(what, options) end

--- `group:barrier` of the group that was taken last.
---@param options parallel.Timeout?
function parallel.barrier(options) end

--- `group:broadcast` of the group that was taken last.
---@param value any
---@param root integer
---@param options parallel.Timeout?
---@return any value the root's
function parallel.broadcast(value, root, options) end

--- `group:scatter` of the group that was taken last.
---@param list any[]
---@param root integer
---@param options parallel.Timeout?
---@return any value
function parallel.scatter(list, root, options) end

--- `group:gather` of the group that was taken last.
---@param value any
---@param root integer
---@param options parallel.Timeout?
---@return any[]? values
function parallel.gather(value, root, options) end

--- `group:allgather` of the group that was taken last.
---@param value any
---@param options parallel.Timeout?
---@return any[] values
function parallel.allgather(value, options) end

--- `group:reduce` of the group that was taken last.
---@param x any
---@param op string|function|nil
---@param root integer
---@param options parallel.ReduceOptions?
---@return any? result
function parallel.reduce(x, op, root, options) end

--- `group:allreduce` of the group that was taken last.
---@param x any
---@param op string|function|nil
---@param options parallel.ReduceOptions?
---@return any result
function parallel.allreduce(x, op, options) end

--- `group:reduce_scatter` of the group that was taken last.
---@param t any
---@param op string|function|nil
---@param options parallel.ReduceOptions?
---@return any part
function parallel.reduce_scatter(t, op, options) end

--- `group:regroup` of the group that was taken last.
---@param options parallel.Timeout?
---@return parallel.Group group
function parallel.regroup(options) end

--- A whole number in shared memory.
---@param start integer?
---@return parallel.Counter counter
function parallel.counter(start) end

--- A lock for processes, which also waits for conditions.
---@return parallel.Lock lock
function parallel.lock() end

--- A table of strings, numbers and booleans in shared memory.
---@param options {bytes: integer?}? its size: 1 MiB, from 16 KiB to 1 GiB
---@return parallel.Table t
function parallel.table(options) end

-- --- the API of 2011 to 2016 (docs/later.md) ---

--- Starts a process that waits for code.
---@param ip string?
---@param protocol string?
---@param lua string?
---@param ... any `parallel.args` of its code
---@return parallel.Child child
function parallel.fork(ip, protocol, lua, ...) end

--- Starts n such processes, or several lots of them by `{n, ip=, protocol=, lua=}`.
---@param n integer|table
---@param ... table
---@return parallel.Children list
function parallel.nfork(n, ...) end

--- Starts n of them on the machines of addremote, by their free cores and speeds.
---@param n integer
---@return parallel.Children list
function parallel.sfork(n) end

--- Gives code to a forked child, a group or a list.
---@param target parallel.Child|parallel.Children|parallel.Child[]
---@param code string|function
---@param ... any
function parallel.exec(target, code, ...) end

--- Names machines for sfork.
---@param ... {ip: string, cores: integer?, lua: string?, protocol: string?}
function parallel.addremote(...) end

--- Measures the machines of addremote, all their cores at once, and sets their `speed`.
function parallel.calibrate() end

--- Sets parallel.ip to this machine's address on an interface.
---@param interfaces string|string[]|nil
---@return string? ip
function parallel.autoip(interfaces) end

--- Ends all children and counts them from 1 again.
function parallel.reset() end

-- --- a child ---

--- Another process as this one sees it: a child, or in a child the parent. Your own fields may be added.
---@class parallel.Child
---@field id integer
---@field unixid integer process id of the system
---@field name string? the option that it was started with
---@field ip string its machine
---@field speed number 0 to 1, of the machine
---@field host string? name of its host
---@field remote table? its entry in parallel.remotes
local Child = {}

--- Sends one message. Two sides may both send first. Errors: `unsupported` (nothing was sent), `closed`, `failed`, `died`, `timeout`, `full`.
---@param value any
---@param options parallel.SendOptions?
function Child:send(value, options) end

--- The next message, in order; with 'noblock' the message and true, or nil and false. Errors: `timeout`, `closed`, `failed`, `died`,
--- `yielded`, `corrupt`, `limit`.
---@param target any a tensor or storage to be filled, 'noblock', or options
---@param options parallel.Timeout|'noblock'|nil
---@return any value
---@return boolean? came
function Child:receive(target, options) end

--- Never raises for what a peer did.
---@param timeout number? seconds; none: it does not wait
---@return boolean came
---@return any value or a parallel.Error
function Child:try_receive(timeout) end

--- Waits until it has ended or has reached `parallel.yield()`. Errors: its own (`failed`, `died`), `timeout`, `full`.
---@param message any what yield returns there; an empty string by default
---@param options parallel.Timeout?
---@return any ... values of its code
function Child:join(message, options) end

--- Waits for the end of its process and forgets it. Errors: as join, and `yielded`.
---@param options parallel.Timeout?
---@return any ... values of its code
function Child:sync(options) end

--- Gives code to a forked child.
---@param code string|function
---@param ... any
function Child:exec(code, ...) end

--- Sends a signal.
---@param signal integer|string|nil a number or a name such as 'KILL'; TERM by default
---@return boolean there was it there?
function Child:kill(signal) end

--- Ends it at once and forgets it. Idempotent.
function Child:close() end

--- How it is.
---@return 'running'|'yielded'|'returned'|'failed'|'died'|'quit' state
---@return integer? status of its exit
---@return integer? signal that killed it
function Child:status() end

--- Its output so far, with `stdout = 'capture'`.
---@return string text
---@return string errors
---@return integer? lost bytes beyond 64 MiB
function Child:output() end

--- A descriptor that is readable when something can be received. It belongs to the library.
---@return integer fd
function Child:fd() end

--- Where its Lua is right now, busy or waiting. Linux only.
---@param seconds number? that it has to answer; 1 by default
---@return string? text
---@return string? why not
function Child:traceback(seconds) end

-- --- many children ---

--- `parallel.children`, or what nfork returns: children with the methods of a group.
---@class parallel.Children
---@field [integer] parallel.Child
local Children = {}

--- The same message to each, encoded once. When some cannot be reached the others get it and the first error is raised.
---@param value any
---@param options parallel.SendOptions?
function Children:send(value, options) end

--- One message of each, by child id (a list: by position).
---@param into table|parallel.Timeout|'noblock'|nil a table to fill
---@param options parallel.Timeout|'noblock'|nil
---@return table values
---@return boolean? complete with 'noblock': had every child one?
function Children:receive(into, options) end

--- Waits for every child; the first error is raised when all have been waited for.
---@param message any
---@param options parallel.Timeout?
---@return table results by child id (a list: by position)
function Children:join(message, options) end

--- Waits until every process has ended, and forgets them.
---@param options parallel.Timeout?
---@return table results
function Children:sync(options) end

--- Gives each the same code.
---@param code string|function
---@param ... any
function Children:exec(code, ...) end

--- Ends all of them at once.
function Children:close() end

--- for child, value in group:messages([{timeout=}]) do: messages as they come, until all have ended. timeout: how long to wait for each.
---@param options parallel.Timeout?
---@return fun(): parallel.Child?, any
function Children:messages(options) end

-- --- pools ---

--- Workers that stay.
---@class parallel.Pool
---@field size integer how many workers
---@field name string
local Pool = {}

--- f(element) for each element of a list: the results in order.
---@param f fun(element: any): any
---@param list any[]
---@param options parallel.MapOptions?
---@return any[] results
---@return table<integer, parallel.Error>? errors
function Pool:map(f, list, options) end

--- f(value, key) for each entry of a table; results and errors have the same keys.
---@param f fun(value: any, key: any): any
---@param t table
---@param options parallel.MapOptions?
---@return table results
---@return table<any, parallel.Error>? errors
function Pool:pairs_map(f, t, options) end

--- for i, result in pool:imap(f, iterator) do: a stream; i is the number of the task.
---@param f function
---@param items any[]|function a list, or an iterator whose values become arguments
---@param options parallel.ImapOptions?
---@return fun(): integer?, any
function Pool:imap(f, items, options) end

--- One call for any worker.
---@param f function
---@param ... any its arguments
---@return parallel.Future future
function Pool:submit(f, ...) end

--- f(...) once in each worker, also in those that replace one later.
---@param f function
---@param ... any its arguments; `{group = true}` at the end makes the workers a group
---@return any[] results by worker
function Pool:everywhere(f, ...) end

--- f(group, ...) once in each worker, whose group they are for this call.
---@param f fun(group: parallel.Group, ...): any
---@param ... any
---@return any[] results by worker
function Pool:group(f, ...) end

--- What it has done so far: done, failed, queued, running, replaced, recycled, stolen, busy, utilisation, pids, ...
---@return table stats
function Pool:stats() end

--- Takes in results and gives out work without waiting, for event loops.
function Pool:poll() end

--- A descriptor that is readable when poll has something to do. It belongs to the library.
---@return integer fd
function Pool:fd() end

--- Waits for what was submitted, then ends the workers; at once with `now`. Idempotent.
---@param options {now: boolean?}?
function Pool:close(options) end

--- The result of a submitted call: there, or still to come.
---@class parallel.Future
---@field task integer
---@field state 'pending'|'done'|'failed'|'cancelled'
local Future = {}

--- Waits for the task and returns all that it returned. Errors: the task's, `timeout`, `cancelled`.
---@param timeout number|parallel.Timeout|nil
---@return any ...
function Future:result(timeout) end

--- Is it over? Never waits.
---@return boolean done
function Future:done() end

--- Waits without raising.
---@param timeout number|parallel.Timeout|nil
---@return boolean done
function Future:wait(timeout) end

--- A task that has not begun never will; one that runs is stopped with its worker.
---@return boolean cancelled false when it was over before
function Future:cancel() end

--- The callback is called with the future when it is over.
---@param callback fun(future: parallel.Future)
---@return parallel.Future self
function Future:on_done(callback) end

-- --- groups of siblings ---

---@class parallel.ReduceOptions: parallel.Timeout
---@field inplace boolean? false: the tensor is left alone and a new one returned

--- Children that work together without their parent, as a member sees it. Errors: `died`, `closed`, `timeout`, `invalid`.
---@class parallel.Group
---@field rank integer own rank, from 1
---@field size integer
---@field name string
---@field members integer[] ids by rank
local Group = {}

--- Returns once all have called it.
---@param options parallel.Timeout?
function Group:barrier(options) end

--- The root's value; a tensor that another member gives is filled.
---@param value any
---@param root integer
---@param options parallel.Timeout?
---@return any value
function Group:broadcast(value, root, options) end

--- Element `rank` of the root's list.
---@param list any[]
---@param root integer
---@param options parallel.Timeout?
---@return any value
function Group:scatter(list, root, options) end

--- At the root a list of all values by rank.
---@param value any
---@param root integer
---@param options parallel.Timeout?
---@return any[]? values
function Group:gather(value, root, options) end

--- That list, everywhere.
---@param value any
---@param options parallel.Timeout?
---@return any[] values
function Group:allgather(value, options) end

--- At the root all values in one.
---@param x any
---@param op 'sum'|'prod'|'min'|'max'|'mean'|'and'|'or'|function|nil
---@param root integer
---@param options parallel.ReduceOptions?
---@return any? result
function Group:reduce(x, op, root, options) end

--- All values in one, everywhere; the same bits in each member. Of a list of all members' shared tensors, by rank: in their memory.
---@param x any
---@param op 'sum'|'prod'|'min'|'max'|'mean'|'and'|'or'|function|nil
---@param options parallel.ReduceOptions?
---@return any result
function Group:allreduce(x, op, options) end

--- Own part of the result.
---@param t any
---@param op 'sum'|'prod'|'min'|'max'|'mean'|'and'|'or'|function|nil
---@param options parallel.ReduceOptions?
---@return any part
function Group:reduce_scatter(t, op, options) end

--- A message to another member.
---@param rank integer
---@param value any
---@param options parallel.SendOptions?
function Group:send(rank, value, options) end

--- The next message of a member, or of whoever comes first.
---@param rank integer|parallel.Timeout|nil
---@param options parallel.Timeout?
---@return any value
---@return integer? rank when none was given
function Group:receive(rank, options) end

--- The others are told. Idempotent.
function Group:leave() end

--- Ranks of those who have neither left nor died, as far as can be told now.
---@return integer[] ranks
function Group:alive() end

--- A new group of those who live; all of them have to call it.
---@param options parallel.Timeout?
---@return parallel.Group group
function Group:regroup(options) end

-- --- objects in shared memory ---

--- A whole number of 64 bits that wraps.
---@class parallel.Counter
local Counter = {}

--- Adds in one step.
---@param n integer? 1 by default
---@return integer before
function Counter:add(n) end

--- What it is now.
---@return integer value
function Counter:get() end

--- Sets it.
---@param n integer
function Counter:set(n) end

--- Sets it if it was `old`, in one step.
---@param old integer
---@param new integer
---@return boolean was
function Counter:compare_and_set(old, new) end

--- A lock for processes. Whoever ends gives back what it holds.
---@class parallel.Lock
local Lock = {}

--- Takes it. `true, 'abandoned'`: its last holder died with it.
---@param timeout number? seconds
---@return boolean taken
---@return 'abandoned'? how
function Lock:lock(timeout) end

--- Gives it back.
function Lock:unlock() end

--- Calls f(...) while holding it; an error gives it back, too.
---@param f function
---@param ... any
---@return any ...
function Lock:with(f, ...) end

--- Gives it back, waits for a notify, takes it again.
---@param timeout number? seconds
---@return boolean taken
---@return 'abandoned'? how
function Lock:wait(timeout) end

--- Wakes one that waits, or all.
---@param all boolean?
function Lock:notify(all) end

--- Keys and values are strings, numbers and booleans. Error: `limit` when it is full.
---@class parallel.Table
local Table = {}

--- The value, or nil.
---@param key string|number|boolean
---@return string|number|boolean|nil value
function Table:get(key) end

--- Sets or, with nil, removes.
---@param key string|number|boolean
---@param value string|number|boolean|nil
function Table:set(key, value) end

--- Adds to a number in one step; what is not there counts as 0.
---@param key string|number|boolean
---@param n number? 1 by default
---@return number sum
function Table:add(key, n) end

--- Sets it if it was `old`, in one step; nil is: not there.
---@param key string|number|boolean
---@param old string|number|boolean|nil
---@param new string|number|boolean|nil
---@return boolean was
function Table:compare_and_set(key, old, new) end

--- Iterates over all that was in it at one moment.
---@return function next
---@return table copy
function Table:pairs() end

--- How many entries.
---@return integer n
function Table:count() end

--- A plain table with all of them, and their number.
---@return table copy
---@return integer n
function Table:copy() end

return parallel
