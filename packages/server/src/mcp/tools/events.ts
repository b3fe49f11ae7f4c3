import { QUERY_SCHEMA } from '../../http/openapi/query-schema.ts'
import type { Schema } from '../../http/openapi/schema.ts'
import { instantOfAge } from '../age.ts'
import { Arguments } from '../arguments.ts'
import { boundedJson, itemsWithin, MAX_ANSWER_CHARS } from '../bound.ts'
import type { Tool } from '../tool.ts'

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 200
/** For the cursor and what stands around the events. */
const REST_CHARS = 500

const INSTANT: Schema = { anyOf: [{ type: 'string' }, { type: 'integer', minimum: 0 }] }

interface Page {
  readonly events: readonly unknown[]
  readonly next_cursor: string | null
}

/** `get_events`: `GET /api/v1/events`, whose filters are those of `query`. */
export const eventsTool: Tool = {
  name: 'get_events',
  title: 'Get single events',
  description:
    'Gets single requests and tool invocations, the newest first: model, tokens, cost, duration, outcome, who. For sums use `query`. ' +
    'No prompt or answer is ever recorded. More pages: pass next_cursor as cursor, with the same range and filters.',
  inputSchema: {
    type: 'object',
    properties: {
      from: {
        ...INSTANT,
        description: 'First instant: an age such as "1h" or "7d", RFC 3339, or ms. All when absent.',
      },
      to: { ...INSTANT, description: 'End of the range; as `from`.' },
      filters: {
        ...QUERY_SCHEMA.properties?.['filters'],
        description:
          'As in `query`, e.g. {"success":false,"model":["gpt-4o"]}. null means absent; {"not": ...} negates.',
      },
      limit: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
      order: { type: 'string', enum: ['desc', 'asc'], default: 'desc' },
      cursor: { type: 'string', description: 'next_cursor of the page before.' },
    },
    additionalProperties: false,
  },
  async run(args, { api, clock, signal }) {
    const given = new Arguments(args, ['from', 'to', 'filters', 'limit', 'order', 'cursor'])
    const limit = given.integer('limit', 1, MAX_LIMIT) ?? DEFAULT_LIMIT
    const order = given.choice('order', ['desc', 'asc']) ?? 'desc'
    const cursor = given.text('cursor', 64)
    const parameters: [string, string][] = [
      ['consistency', 'applied'],
      ['order', order],
    ]
    for (const name of ['from', 'to']) {
      const value = instantOfAge(given.get(name), clock.now())
      if (typeof value === 'string' || typeof value === 'number') parameters.push([name, String(value)])
      else if (value !== undefined) given.wrong(name, 'must be an age, RFC 3339 or ms')
    }
    if (cursor !== undefined) parameters.push(['cursor', cursor])
    parameters.push(...filterParameters(given))
    given.assertRight()
    const page = async (count: number): Promise<Page> => {
      const counted: [string, string][] = [...parameters, ['limit', String(count)]]
      return (await api.ask({ path: '/api/v1/events', parameters: counted }, signal)) as Page
    }
    const first = await page(limit)
    const fit = itemsWithin(first.events, MAX_ANSWER_CHARS - REST_CHARS)
    // Cut here the cursor would pass over what was cut, so the shorter page is asked for.
    return { value: boundedJson(fit < first.events.length ? await page(Math.max(1, fit)) : first) }
  },
}

/** Filters of a query as the query string of a listing. What is no dimension the API refuses by name. */
function filterParameters(given: Arguments): [string, string][] {
  const filters = given.get('filters') ?? {}
  if (typeof filters !== 'object' || Array.isArray(filters)) {
    given.wrong('filters', 'must be an object such as {"provider":["openai"]}')
    return []
  }
  return Object.entries(filters).flatMap(([name, condition]: [string, unknown]) => {
    const negated = typeof condition === 'object' && condition !== null && 'not' in condition
    const inner: unknown = negated ? condition.not : condition
    const values: readonly unknown[] = Array.isArray(inner) ? inner : [inner]
    if (values.some((value) => value !== null && !['string', 'number', 'boolean'].includes(typeof value))) {
      given.wrong(`filters.${name.slice(0, 64)}`, 'takes a value, a list of values, null, or {"not": ...}')
      return []
    }
    return values.map((value): [string, string] => [negated ? `${name}!` : name, value === null ? '' : String(value)])
  })
}
