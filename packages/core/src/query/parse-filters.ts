import { normaliseAgentId } from '../event/agent-id.ts'
import { DIMENSION_OF } from '../event/dimensions.ts'
import { quoted } from '../nearest.ts'
import { DIMENSION_NAMES, groupByOf, isStorableText } from './names.ts'
import type { Problems } from './problems.ts'
import type { Filter, FilterValue, GroupBy } from './query.ts'

/** Most filters of a query. */
export const MAX_FILTERS = 32
/** Most values of a filter. */
export const MAX_FILTER_VALUES = 1_000

/**
 * The `filters` member: `{ dimension: value | [values] | null | {"not": value or [values]} }`. Every filter must hold; of
 * the values of one, any. What is wrong is added to
 * `problems`, and then the answer is of no use.
 */
export function parseFilters(input: unknown, problems: Problems): Filter[] {
  if (input === undefined || input === null) return []
  if (typeof input !== 'object' || Array.isArray(input)) {
    problems.add('filters', 'expected an object such as {"provider":["openai"]}')
    return []
  }
  const entries = Object.entries(input)
  if (entries.length > MAX_FILTERS) {
    problems.add('filters', `${entries.length} filters; at most ${MAX_FILTERS} are read`)
    return []
  }
  return entries.flatMap(([name, condition]) => parseFilter(name, condition, problems) ?? [])
}

/**
 * The value that a text stands for, as in a URL or on a command line: empty for an absent one, `true` and `false` for a
 * flag, digits for an integer dimension. What does not fit stays text, for {@link parseFilters} to refuse by name.
 *
 * @example filterValueFromText('status', '429') // 429
 */
export function filterValueFromText(name: string, text: string): FilterValue {
  if (text === '') return null
  const type = DIMENSION_OF.get(name)?.type
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return type === 'integer' && /^\d{1,15}$/.test(text) ? Number(text) : text
}

function parseFilter(name: string, condition: unknown, problems: Problems): Filter | undefined {
  const path = `filters.${name.slice(0, 64)}`
  const by = groupByOf(name)
  if (by === undefined) return problems.addUnknown(path, 'unknown_dimension', name, [...DIMENSION_NAMES, 'tags.<key>'])
  const negate = isNegation(condition)
  const inner: unknown = negate ? condition.not : condition
  const at = negate ? `${path}.not` : path
  const list: readonly unknown[] = Array.isArray(inner) ? inner : [inner]
  if (list.length === 0) return problems.add(at, 'an empty list matches nothing; give a value or leave the filter out')
  if (list.length > MAX_FILTER_VALUES) {
    return problems.add(at, `${list.length} values; at most ${MAX_FILTER_VALUES} are read`)
  }
  const values = new Set<FilterValue>()
  list.forEach((value, index) => {
    const parsed = parseValue(by, value)
    if (parsed === undefined) {
      problems.add(Array.isArray(inner) ? `${at}[${index}]` : at, `expected ${expected(by)}, got ${shown(value)}`)
    } else values.add(parsed)
  })
  return { by, values: [...values], negate }
}

function isNegation(condition: unknown): condition is { readonly not: unknown } {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) return false
  const keys = Object.keys(condition)
  return keys.length === 1 && keys[0] === 'not'
}

/** The value as events carry it; undefined if the dimension can never have it. */
function parseValue(by: GroupBy, value: unknown): FilterValue | undefined {
  if (value === null) return null
  const type = 'dimension' in by ? by.dimension.type : 'string'
  if (type === 'boolean') return typeof value === 'boolean' ? value : undefined
  if (type === 'integer') return Number.isSafeInteger(value) ? (value as number) + 0 : undefined
  // The doors write every agent that is a number as `agent_<n>`.
  const agent = 'dimension' in by && by.dimension.field === 'agentId'
  if (agent && Number.isSafeInteger(value) && (value as number) >= 0) return normaliseAgentId((value as number) + 0)
  if (typeof value !== 'string' || !isStorableText(value)) return undefined
  return agent ? normaliseAgentId(value) : value
}

function expected(by: GroupBy): string {
  if (!('dimension' in by)) return 'a string or null'
  if (by.dimension.type === 'string') return 'a string of valid Unicode or null'
  return by.dimension.type === 'boolean' ? 'true, false or null' : 'an integer or null'
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  return typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'an object') : String(value)
}
