--- The middle one of some numbers, which it sorts; of an even number of them the lower of the two.
return function(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end
