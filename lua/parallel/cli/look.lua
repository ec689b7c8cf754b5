--- luapar top and stacks: looking at a program that runs.
return function(args, parallel)
  local look = parallel[args.command]
  if not look then error(('this release cannot do that: it has no parallel.%s'):format(args.command), 0) end
  if args.command == 'stacks' then
    local text = look(args.pid)
    if text == '' then error(('neither process %d nor one below it uses the library, or they are of another user'):format(args.pid), 0) end
    print(text)
  else
    look{pid = args.pid, every = args.every, times = args.times}
  end
  return 0
end
