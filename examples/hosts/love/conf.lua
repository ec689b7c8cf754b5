-- The example shows what it does in its window; PARALLEL_HEADLESS=1 runs it without one.
function love.conf(t)
  local headless = os.getenv('PARALLEL_HEADLESS')
  t.identity = 'parallel-example'
  if headless then
    t.window, t.modules.window, t.modules.graphics, t.modules.audio, t.modules.joystick = nil, false, false, false, false
  end
end
