-- How Argo CD sees an object of Wayleave: one script for LLMRoute, ProviderKey and CachePolicy.
-- It uses nothing that Argo CD withholds from a script without useOpenLibs: no string, no math, no io.

local function health(status, message)
  return {status = status, message = message}
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "is being deleted")
end

local status = obj.status or {}
local generation = obj.metadata.generation
if status.observedGeneration ~= generation then
  return health("Progressing", "waiting for the operator to see generation " .. tostring(generation))
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is(kind, truth)
  return conditions[kind] ~= nil and conditions[kind].status == truth
end

local function told(kind)
  local condition = conditions[kind]
  local text = kind .. " is " .. condition.status .. " (" .. condition.reason .. ")"
  if condition.message ~= "" then
    text = text .. ": " .. condition.message
  end
  return text
end

-- Every condition that is not true: Ready repeats only the first of them.
local function complaints()
  local texts = {}
  for _, kind in ipairs({"Accepted", "ResolvedRefs", "Programmed"}) do
    if is(kind, "False") or is(kind, "Unknown") then
      table.insert(texts, told(kind))
    end
  end
  if #texts == 0 then
    return told(is("Stalled", "True") and "Stalled" or "Ready")
  end
  return table.concat(texts, "; ")
end

-- Also what may heal by itself: what is written is not in force, and nobody knows for how long.
if is("Stalled", "True") or is("Ready", "False") then
  return health("Degraded", complaints())
end
if is("Ready", "True") then
  return health("Healthy", conditions["Ready"].message)
end
if is("Ready", "Unknown") then
  return health("Progressing", complaints())
end
return health("Progressing", "waiting for the operator to say whether it is ready")
