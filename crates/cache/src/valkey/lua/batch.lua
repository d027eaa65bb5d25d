-- KEYS: one for each command. ARGV: for each command the name of its step, or its own where it is no script, how many
-- arguments follow its key, and those. Answers a text with one letter for each command, and a list with what belongs
-- to it: a: its answer; e: its error; n: nothing, as it was not run, because the answers before it are many bytes
-- already. A command that fails is no hindrance to the next.
local MOST_BYTES = 65536
local outcomes, answers = {}, {}
local bytes, at = 0, 1
for place, key in ipairs(KEYS) do
  local name, last = ARGV[at], at + 1 + ARGV[at + 1]
  if bytes > MOST_BYTES then
    outcomes[place], answers[place] = 'n', false
  else
    local done, answer
    if steps[name] then
      done, answer = pcall(steps[name], {key}, {unpack(ARGV, at + 2, last)})
    else
      done, answer = pcall(redis.call, name, key, unpack(ARGV, at + 2, last))
    end
    if done then
      if type(answer) == 'string' then bytes = bytes + #answer end
      outcomes[place], answers[place] = 'a', answer
    else
      outcomes[place], answers[place] = 'e', type(answer) == 'table' and answer.err or tostring(answer)
    end
  end
  at = last + 1
end
return {table.concat(outcomes), answers}
