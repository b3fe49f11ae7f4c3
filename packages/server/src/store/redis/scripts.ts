import { createHash } from 'node:crypto'

/** A script that Redis runs as one step: either all of it has happened or nothing. */
export interface Script {
  readonly lua: string
  readonly sha: string
}

const script = (lua: string): Script => ({ lua, sha: createHash('sha1').update(lua).digest('hex') })

/** Arguments of {@link APPLY} in front of the events, and of each event. */
export const APPLY_HEAD = 4
export const APPLY_EVENT = 8

/**
 * Takes events in, with their place in every index, and notes how far it has come: a replay skips what is there.
 *
 * KEYS state by_time by_ordinal; ARGV prefix, id of the journal, ordinal that must have been applied before, ordinal that has
 * been applied after; then of each event ordinal, id, second, ms to live or 0, model, endpoint, stamp, document.
 * Answers `OK`, `BEHIND` with what has been applied, or `FOREIGN` with the id of another journal.
 *
 * Where a document stands under the name already and is not the same event, the name is lengthened: event ids are unique
 * within a tenant only, and one tenant must not be able to overwrite the events of another.
 */
export const APPLY = script(`
local prefix, journal, after, through = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local state = redis.call('HMGET', KEYS[1], 'journal', 'applied')
if journal ~= '' and state[1] and state[1] ~= journal then return {'FOREIGN', state[1]} end
local applied = tonumber(state[2] or '0')
if redis.call('EXISTS', KEYS[2]) == 0 and redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('HDEL', KEYS[1], 'applied')
  redis.call('DEL', KEYS[3])
  applied = 0
end
if applied < after then return {'BEHIND', tostring(applied)} end
if journal ~= '' and not state[1] then redis.call('HSET', KEYS[1], 'journal', journal) end
if tonumber(through) <= applied then return {'OK'} end
for at = ${APPLY_HEAD + 1}, #ARGV, ${APPLY_EVENT} do
  local ordinal, id, second, ttl = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local model, endpoint, stamp, document = ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], ARGV[at + 7]
  if tonumber(ordinal) > applied then
    local name = id
    while true do
      local key = prefix .. 'event:' .. name
      local mine = redis.call('EXISTS', key) == 0
      if not mine then
        local there = redis.pcall('GET', key)
        mine = type(there) == 'string' and string.find(there, stamp, 1, true) ~= nil
      end
      if mine then
        if ttl == '0' then redis.call('SET', key, document)
        else redis.call('SET', key, document, 'PX', ttl) end
        break
      end
      name = name .. '~' .. ordinal
    end
    redis.call('ZADD', KEYS[2], second, name)
    redis.call('ZADD', KEYS[3], ordinal, name)
    if model ~= '' then redis.call('SADD', prefix .. 'events:by_model:' .. model, name) end
    if endpoint ~= '' then redis.call('SADD', prefix .. 'events:by_endpoint:' .. endpoint, name) end
  end
end
redis.call('HSET', KEYS[1], 'applied', through)
return {'OK'}
`)

/**
 * A page of names in the order of their seconds, and where the next begins (empty: nowhere). A page ends with a whole second,
 * so that events which come or go meanwhile move no other over the border of two pages.
 *
 * KEYS by_time, then sets of names; ARGV from and to (as ZRANGEBYSCORE takes them), names looked at, 1 for newest first, how many
 * of the sets are alternatives of the first filter; the others are those of the second.
 */
export const NAMES = script(`
local reverse, first = ARGV[4] == '1', tonumber(ARGV[5])
local function range(from, to, ...)
  if reverse then return redis.call('ZREVRANGEBYSCORE', KEYS[1], to, from, 'WITHSCORES', ...) end
  return redis.call('ZRANGEBYSCORE', KEYS[1], from, to, 'WITHSCORES', ...)
end
local function within(name, begin, finish)
  if finish < begin then return true end
  for at = begin, finish do
    if redis.call('SISMEMBER', KEYS[at], name) == 1 then return true end
  end
  return false
end
local found = range(ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local count, following = #found, ''
if count == 2 * tonumber(ARGV[3]) then
  local last = found[count]
  while count > 0 and found[count] == last do count = count - 2 end
  following = last
  if count == 0 then
    found = range(last, last)
    count = #found
    following = '(' .. last
  end
end
local page = { following }
for at = 1, count, 2 do
  local name = found[at]
  if within(name, 2, 1 + first) and within(name, 2 + first, #KEYS) then page[#page + 1] = name end
end
return page
`)

/**
 * A part of a set, for when it is small beside a range of time: the cursor of the next part, then name and second of each member
 * within the range.
 *
 * KEYS by_time, set; ARGV cursor, first second, last second.
 */
export const MEMBERS = script(`
local scanned = redis.call('SSCAN', KEYS[2], ARGV[1], 'COUNT', 1000)
local from, to = tonumber(ARGV[2]), tonumber(ARGV[3])
local page = { scanned[1] }
for _, name in ipairs(scanned[2]) do
  local second = redis.call('ZSCORE', KEYS[1], name)
  if second and tonumber(second) >= from and tonumber(second) <= to then
    page[#page + 1] = name
    page[#page + 1] = second
  end
end
return page
`)

/**
 * What there is, of one moment: journal, applied, expired, cleared, ttl, events, own events, oldest and newest instant in ms.
 * Where more than a thousand events lie in the second at either end, it is the border of that second.
 *
 * KEYS state by_time by_ordinal; ARGV prefix.
 */
export const STATS = script(`
local state = redis.call('HMGET', KEYS[1], 'journal', 'applied', 'expired', 'cleared', 'ttl')
local function edge(command, better, border)
  local found = redis.call(command, KEYS[2], 0, 0, 'WITHSCORES')
  if #found == 0 then return '' end
  local best
  local names = redis.call('ZRANGEBYSCORE', KEYS[2], found[2], found[2], 'LIMIT', 0, 1001)
  if #names > 1000 then return string.format('%.0f', tonumber(found[2]) * 1000 + border) end
  for _, name in ipairs(names) do
    local tail = redis.pcall('GETRANGE', ARGV[1] .. 'event:' .. name, -112, -1)
    local ms = type(tail) == 'string' and string.match(tail, '"timestamp_ms":(%d+)}}$')
    ms = ms and tonumber(ms) or tonumber(found[2]) * 1000
    if best == nil or better(ms, best) then best = ms end
  end
  return string.format('%.0f', best)
end
return {
  state[1] or '', state[2] or '0', state[3] or '0', state[4] or '0', state[5] or '',
  redis.call('ZCARD', KEYS[2]), redis.call('ZCARD', KEYS[3]),
  edge('ZRANGE', function(a, b) return a < b end, 0), edge('ZREVRANGE', function(a, b) return a > b end, 999),
}
`)

/** Arguments of {@link REMOVE} of each event. */
export const REMOVE_EVENT = 3

/**
 * Removes events from every place, and counts those of our own as expired where it is told to. Answers how many there were.
 *
 * KEYS state by_time by_ordinal; ARGV prefix, 1 to count; then of each event name, model, endpoint.
 */
export const REMOVE = script(`
local prefix, count = ARGV[1], ARGV[2] == '1'
local events, own = 0, 0
for at = 3, #ARGV, ${REMOVE_EVENT} do
  local name, model, endpoint = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  own = own + redis.call('ZREM', KEYS[3], name)
  events = events + redis.call('ZREM', KEYS[2], name)
  if model ~= '' then redis.call('SREM', prefix .. 'events:by_model:' .. model, name) end
  if endpoint ~= '' then redis.call('SREM', prefix .. 'events:by_endpoint:' .. endpoint, name) end
  redis.call('UNLINK', prefix .. 'event:' .. name)
end
if count and own > 0 then redis.call('HINCRBY', KEYS[1], 'expired', own) end
return events
`)

/**
 * Takes names away that no document stands under any more, unless they are of our own events. Answers how many of those there
 * are.
 *
 * KEYS by_time by_ordinal; ARGV prefix, names.
 */
export const FORGET = script(`
local own = 0
for at = 2, #ARGV do
  local name = ARGV[at]
  if redis.call('EXISTS', ARGV[1] .. 'event:' .. name) == 0 then
    if redis.call('ZSCORE', KEYS[2], name) then own = own + 1 else redis.call('ZREM', KEYS[1], name) end
  end
end
return own
`)

/**
 * Hides all events at once; what they leave behind is removed after. What was applied stays known.
 *
 * KEYS state by_time by_ordinal cleared.
 */
export const CLEAR = script(`
local expired = tonumber(redis.call('HGET', KEYS[1], 'expired') or '0')
local gone = redis.call('ZCARD', KEYS[3]) + expired
redis.call('HSET', KEYS[1], 'expired', '0')
redis.call('HINCRBY', KEYS[1], 'cleared', gone)
redis.call('DEL', KEYS[4])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[4]) end
redis.call('UNLINK', KEYS[3])
return gone
`)

/**
 * The documents in which a text occurs: name, document, and so on.
 *
 * KEYS by_time; ARGV prefix, text, names.
 */
export const GREP = script(`
local found = {}
for at = 3, #ARGV do
  local document = redis.pcall('GET', ARGV[1] .. 'event:' .. ARGV[at])
  if type(document) == 'string' and string.find(document, ARGV[2], 1, true) then
    found[#found + 1] = ARGV[at]
    found[#found + 1] = document
  end
end
return found
`)

/**
 * Sets anew until when documents of our own events are kept.
 *
 * KEYS by_time by_ordinal; ARGV prefix, ms to live beyond the event's second (may be below zero; empty: for ever), least ms to
 * live, names.
 */
export const EXPIRY = script(`
for at = 4, #ARGV do
  local name = ARGV[at]
  local key, second = ARGV[1] .. 'event:' .. name, redis.call('ZSCORE', KEYS[1], name)
  if second and redis.call('ZSCORE', KEYS[2], name) then
    if ARGV[2] == '' then redis.call('PERSIST', key)
    else redis.call('PEXPIRE', key, string.format('%.0f', math.max(tonumber(second) * 1000 + tonumber(ARGV[2]), tonumber(ARGV[3])))) end
  end
end
return 1
`)

/**
 * What does not agree of events: documents that are not there, and events that an index has not got.
 *
 * KEYS by_time by_ordinal; ARGV prefix; then of each event name, ordinal or empty, model, endpoint. Answers how many.
 */
export const AUDIT = script(`
local prefix, wrong = ARGV[1], 0
for at = 2, #ARGV, 4 do
  local name, ordinal, model, endpoint = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local score = redis.call('ZSCORE', KEYS[2], name)
  local sound = (score or '') == ordinal
  if model ~= '' and redis.call('SISMEMBER', prefix .. 'events:by_model:' .. model, name) == 0 then sound = false end
  if endpoint ~= '' and redis.call('SISMEMBER', prefix .. 'events:by_endpoint:' .. endpoint, name) == 0 then sound = false end
  if not sound then wrong = wrong + 1 end
end
return wrong
`)

/**
 * The names of events by their ordinals; an empty one where there is none.
 *
 * KEYS by_ordinal; ARGV ordinals.
 */
export const NAMED = script(`
local names = {}
for at = 1, #ARGV do
  names[at] = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[at], ARGV[at], 'LIMIT', 0, 1)[1] or ''
end
return names
`)
