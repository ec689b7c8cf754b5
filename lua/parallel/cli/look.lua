--- luapar top and stacks: looking at a program that runs.
return function(args, parallel)
  local look = parallel[args.command]
  if not look then error(('this release cannot do that: it has no parallel.%s'):format(args.command), 0) end
  if args.command == 'stacks' then
    print((look(args.pid)))
  else
    look{pid = args.pid, every = args.every, times = args.times}
  end
  return 0
end
