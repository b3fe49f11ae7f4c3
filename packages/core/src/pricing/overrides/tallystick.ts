import { scaleDecimal, usdPerMillion } from '../decimal.ts'
import type { ContextTier, RateCard, TimeOfDay, TokenPriceName, UnitPrices, UnitRate } from '../price.ts'
import type { DraftModel, DraftRow, DraftTable, MutablePrices } from './draft.ts'
import { type JsonObject, member, type Problems } from './problems.ts'

/**
 * Our own price file. USD amounts may be numbers or strings of digits; instants are RFC 3339 with a zone, a date (UTC
 * midnight), or ms.
 *
 * ```json
 * { "prices": [{
 *     "provider": "openai", "model": "gpt-4o", "aliases": ["our-gpt"],
 *     "effective_from": "2026-01-01", "effective_to": "2027-01-01T00:00:00Z",
 *     "time_of_day": { "from": "16:30", "to": "00:30" },
 *     "usd_per_million": { "input": 2.25, "cache_read": 1.125, "output": 9 },
 *     "tiers": [{ "above_input_tokens": 200000, "usd_per_million": { "input": 4.5, "output": 18 } }],
 *     "usd_per_unit": { "web_searches": 0.01 },
 *     "multipliers": { "batch": 0.5 },
 *     "service_tiers": { "priority": { "usd_per_million": { "input": 4, "output": 16 } } },
 *     "max_output_tokens": 16384 }],
 *   "default": { "usd_per_million": { "input": 1, "output": 2 } } }
 * ```
 *
 * Entries of one provider and model are its rows over time. A tier names only the prices that change in it. A service
 * tier that an entry does not mention costs the standard price, and events of it are flagged. An entry without provider
 * holds for all of them; the name of a model stands for its dated forms too.
 */
export function readTallystick(value: JsonObject, problems: Problems): DraftTable {
  problems.unknownMembers('', value, FILE_MEMBERS)
  const models = new Map<string, DraftModel & { rows: DraftRow[]; aliases: string[] }>()
  for (const [index, item] of (problems.array('prices', value['prices'] ?? []) ?? []).entries()) {
    const path = `prices[${index}]`
    const entry = problems.object(path, item)
    if (entry === undefined) continue
    problems.unknownMembers(path, entry, ENTRY_MEMBERS)
    const provider = entry['provider'] === undefined ? undefined : problems.name(`${path}.provider`, entry['provider'])
    const model = problems.name(`${path}.model`, entry['model'])
    const row = readRow(path, entry, problems)
    const aliases = readAliases(path, entry['aliases'], problems)
    if (model === undefined || row === undefined) continue
    const key = JSON.stringify([provider ?? null, model])
    const known = models.get(key) ?? { ...(provider !== undefined && { provider }), model, rows: [], aliases: [] }
    known.rows.push(row)
    known.aliases.push(...aliases)
    models.set(key, known)
  }
  const byDefault =
    value['default'] === undefined || value['default'] === null ? undefined : readDefault(value['default'], problems)
  return byDefault ? { models: [...models.values()], default: byDefault } : { models: [...models.values()] }
}

const PRICE_OF_MEMBER: ReadonlyMap<string, TokenPriceName> = new Map([
  ['input', 'input'],
  ['output', 'output'],
  ['cache_read', 'cacheRead'],
  ['cache_write', 'cacheWrite'],
  ['cache_write_1h', 'cacheWrite1h'],
  ['reasoning', 'reasoning'],
  ['input_audio', 'inputAudio'],
  ['output_audio', 'outputAudio'],
  ['input_image', 'inputImage'],
  ['output_image', 'outputImage'],
  ['cache_audio_read', 'cacheAudioRead'],
  ['cache_image_read', 'cacheImageRead'],
])
const FILE_MEMBERS = new Set(['prices', 'default'])
const CARD_MEMBERS = ['usd_per_million', 'tiers']
const ROW_MEMBERS = [...CARD_MEMBERS, 'usd_per_unit', 'multipliers', 'service_tiers']
const ENTRY_MEMBERS = new Set([
  ...ROW_MEMBERS,
  'provider',
  'model',
  'aliases',
  'effective_from',
  'effective_to',
  'time_of_day',
  'max_output_tokens',
])

function readDefault(value: unknown, problems: Problems): DraftRow | undefined {
  const entry = problems.object('default', value)
  if (entry === undefined) return undefined
  problems.unknownMembers('default', entry, new Set(ROW_MEMBERS))
  return readRow('default', entry, problems)
}

function readRow(path: string, entry: JsonObject, problems: Problems): DraftRow | undefined {
  const card = readCard(path, entry, problems, entry['usd_per_unit'] === undefined)
  const from = readInstant(`${path}.effective_from`, entry['effective_from'], problems)
  const to = readInstant(`${path}.effective_to`, entry['effective_to'], problems)
  if (from !== undefined && to !== undefined && to <= from)
    problems.add(`${path}.effective_to`, 'must be later than effective_from')
  const timeOfDay = readTimeOfDay(`${path}.time_of_day`, entry['time_of_day'], problems)
  const units = readMap(`${path}.usd_per_unit`, entry['usd_per_unit'], problems, (at, usd): UnitRate | undefined => {
    // per thousand, so that fractions of a nano-USD a unit are still exact
    const nanoUsd = problems.usd(at, usd, (amount) => scaleDecimal(amount, 12))
    return nanoUsd === undefined ? undefined : { nanoUsd, per: 1_000 }
  })
  const multipliers = readMap(`${path}.multipliers`, entry['multipliers'], problems, (at, factor) =>
    readPermille(at, factor, problems),
  )
  const serviceTiers = readMap(`${path}.service_tiers`, entry['service_tiers'], problems, (at, value) => {
    const tier = problems.object(at, value)
    if (tier === undefined) return undefined
    problems.unknownMembers(at, tier, new Set(CARD_MEMBERS))
    return readCard(at, tier, problems, true)
  })
  const maxOutputTokens = readLimit(`${path}.max_output_tokens`, entry['max_output_tokens'], problems)
  if (card === undefined) return undefined
  return {
    ...card,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(from !== undefined && { effectiveFromMs: from }),
    ...(to !== undefined && { effectiveToMs: to }),
    ...(timeOfDay && { timeOfDay }),
    ...(units && { units }),
    ...(multipliers && { multipliers }),
    ...(serviceTiers && { serviceTiers }),
  }
}

function readCard(path: string, entry: JsonObject, problems: Problems, required: boolean): RateCard | undefined {
  if (entry['usd_per_million'] === undefined && !required) return { prices: {} }
  const prices = readPrices(`${path}.usd_per_million`, entry['usd_per_million'], problems)
  if (prices === undefined) return undefined
  if (entry['tiers'] === undefined) return { prices }
  const tiers: ContextTier[] = []
  let below = -1
  for (const [index, item] of (problems.array(`${path}.tiers`, entry['tiers']) ?? []).entries()) {
    const at = `${path}.tiers[${index}]`
    const tier = problems.object(at, item)
    if (tier === undefined) continue
    problems.unknownMembers(at, tier, new Set(['above_input_tokens', 'usd_per_million']))
    const above = tier['above_input_tokens']
    const changed = readPrices(`${at}.usd_per_million`, tier['usd_per_million'], problems)
    if (typeof above !== 'number' || !Number.isSafeInteger(above) || above <= below) {
      problems.add(`${at}.above_input_tokens`, 'must be an integer, at least 0 and above that of the tier before')
    } else if (changed) {
      below = above
      tiers.push({ aboveInputTokens: above, prices: { ...prices, ...tiers.at(-1)?.prices, ...changed } })
    }
  }
  return { prices, tiers }
}

function readPrices(path: string, value: unknown, problems: Problems): UnitPrices | undefined {
  const given = problems.object(path, value)
  if (given === undefined) return undefined
  const prices: MutablePrices = {}
  for (const [key, usd] of Object.entries(given)) {
    const name = PRICE_OF_MEMBER.get(key)
    if (name === undefined) {
      problems.add(member(path, key), `is not a kind of token; known: ${[...PRICE_OF_MEMBER.keys()].join(', ')}`)
      continue
    }
    const price = problems.usd(`${path}.${key}`, usd, usdPerMillion)
    if (price !== undefined) prices[name] = price
  }
  if (Object.keys(given).length === 0) problems.add(path, 'must name at least one price')
  return prices
}

function readAliases(path: string, value: unknown, problems: Problems): string[] {
  if (value === undefined) return []
  const aliases = (problems.array(`${path}.aliases`, value) ?? []).map((alias, index) =>
    problems.name(`${path}.aliases[${index}]`, alias),
  )
  return aliases.filter((alias) => alias !== undefined)
}

function readMap<T>(
  path: string,
  value: unknown,
  problems: Problems,
  read: (path: string, value: unknown) => T | undefined,
): ReadonlyMap<string, T> | undefined {
  if (value === undefined) return undefined
  const map = new Map<string, T>()
  for (const [key, item] of Object.entries(problems.object(path, value) ?? {})) {
    const entry = read(member(path, key), item)
    if (entry !== undefined) map.set(key, entry)
  }
  return map
}

function readPermille(path: string, value: unknown, problems: Problems): number | undefined {
  const permille = typeof value === 'number' || typeof value === 'string' ? scaleDecimal(value, 3) : undefined
  const exact =
    permille !== undefined && permille <= 100_000 && scaleDecimal(value as number | string, 6) === permille * 1_000
  return exact ? permille : problems.add(path, 'must be a factor from 0 to 100 with at most 3 decimals')
}

function readLimit(path: string, value: unknown, problems: Problems): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  return problems.add(path, 'must be an integer, at least 1')
}

const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/

function readInstant(path: string, value: unknown, problems: Problems): number | undefined {
  if (value === undefined || value === null) return undefined
  const ms = typeof value === 'string' && INSTANT.test(value) ? Date.parse(value) : value
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0) return ms
  return problems.add(path, 'must be a date, an RFC 3339 instant with a zone, or integer milliseconds')
}

function readTimeOfDay(path: string, value: unknown, problems: Problems): TimeOfDay | undefined {
  if (value === undefined) return undefined
  const hours = problems.object(path, value)
  if (hours === undefined) return undefined
  const fromMs = readClock(`${path}.from`, hours['from'], problems)
  const toMs = readClock(`${path}.to`, hours['to'], problems)
  if (fromMs === undefined || toMs === undefined) return undefined
  return fromMs === toMs ? problems.add(path, 'must not begin where it ends') : { fromMs, toMs }
}

function readClock(path: string, value: unknown, problems: Problems): number | undefined {
  const match = typeof value === 'string' ? /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(value) : null
  if (!match) return problems.add(path, 'must be a time of the UTC day such as 16:30')
  return ((Number(match[1]) * 60 + Number(match[2])) * 60 + Number(match[3] ?? 0)) * 1_000
}
