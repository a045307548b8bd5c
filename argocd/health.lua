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

-- Every condition that is not true, with its reason: Ready repeats only the first of them.
local function complaints()
  local texts = {}
  for _, kind in ipairs({"Accepted", "ResolvedRefs", "Programmed"}) do
    local condition = conditions[kind]
    if condition ~= nil and condition.status ~= "True" then
      local text = kind .. " is " .. condition.status .. " (" .. condition.reason .. ")"
      if condition.message ~= "" then
        text = text .. ": " .. condition.message
      end
      table.insert(texts, text)
    end
  end
  return table.concat(texts, "; ")
end

-- Whether somebody has to act or the object may heal by itself, calls that need it fail now.
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
