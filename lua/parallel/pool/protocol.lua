--- The kinds of messages between a pool and its workers. OK, FAILED, CHUNK_DONE, LAST, REFUSED and CHUNK are known to src/lua/pool/tasks.c too.
return {
  OK = 2, -- worker to parent: values of one task
  FAILED = 3, -- worker to parent: text, traceback, value of the error of one task
  CHUNK_DONE = 4, -- worker to parent: seconds, bytes of memory
  READY = 5, -- worker to parent: init has run
  LAST = 6, -- worker to parent: OK and CHUNK_DONE in one: seconds, values of the last task
  REFUSED = 7, -- collect: the end of a task came and cannot be received: why, whether it was its chunk's last
  FUNCTION = 10, -- parent to worker: id, function; or, for one chunk of one task: id, function, the task's arguments
  FORGET = 11, -- parent to worker: id of a function
  CHUNK = 12, -- parent to worker: slot, function id, mode, arguments (nil: they came with the function), number of the first task, seed
  QUIT = 13, -- parent to worker: no more work
  GONE = -1, -- collect: the worker has ended and nothing is left of it

  -- How the arguments of a chunk are given to the function.
  ONE = 0, -- arguments[i] is the only argument, the first result counts
  SPREAD = 1, -- arguments[i] = {n=, ...} holds all of them, the first result counts
  CALLS = 2, -- arguments[i] = {n=, function id, ...}, all results count
}
