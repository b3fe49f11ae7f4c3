import { COUNTERS, MEASURES, QUANTILES, QUANTITIES } from '@tallystick/core/query'
import { QUERY_SCHEMA } from '../../http/openapi/query-schema.ts'
import type { Schema } from '../../http/openapi/schema.ts'
import { instantOfAge } from '../age.ts'
import { boundedJson } from '../bound.ts'
import type { Tool } from '../tool.ts'

const names = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).join(', ')
const suffixes = ['min', 'max', 'avg', ...QUANTILES.map(({ suffix }) => suffix)].map((suffix) => `_${suffix}`).join(' ')

/** Every name there is would cost the client thousands of tokens before anything is asked; the rule they follow costs few. */
const MEASURES_TOLD = [
  `Counts: ${names(COUNTERS)}.`,
  `Sums: ${names(QUANTITIES.filter(({ summed }) => summed))}.`,
  `Each sum, and ${names(QUANTITIES.filter(({ summed }) => !summed))}, also with ${suffixes}, e.g. duration_ms_p95.`,
  `Ratios 0 to 1: ${names(MEASURES.filter(({ of }) => of === 'ratio'))}.`,
  'With any figure of money unpriced_requests comes along.',
].join(' ')

const { properties = {} } = QUERY_SCHEMA
const instant = (description: string): Schema => ({
  anyOf: [{ type: 'string' }, { type: 'integer', minimum: 0 }],
  description,
})

/** `query`: `POST /api/v1/query`, whose instants may be ages. */
export const queryTool: Tool = {
  name: 'query',
  title: 'Query usage and cost',
  description:
    'Answers any question about LLM usage: sums, counts and quantiles by any dimension, over any range, also as a series over time. ' +
    'Money is integer nano-USD (1e-9 USD: divide by 1,000,000,000 for dollars) at list price unless provider or client reported a cost. ' +
    'null is unknown, never 0; unpriced_requests have no price and are in no sum of money. Integers past 2^53 are strings. ' +
    'Example: {"from":"7d","measures":["requests","cost_nano_usd"],"group_by":["model"],"order_by":"-cost_nano_usd","limit":10}.',
  inputSchema: {
    ...QUERY_SCHEMA,
    properties: {
      ...properties,
      from: instant(
        'First instant: an age such as "24h", "7d", "4w", RFC 3339 with a zone, or ms. 24 hours ago when absent.',
      ),
      to: instant('End of the range, itself not in it; as `from`. Now when absent.'),
      measures: {
        type: 'array',
        items: { type: 'string' },
        description: `requests and cost_nano_usd when absent. ${MEASURES_TOLD}`,
      },
      group_by: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Dimensions such as provider, model, agent_id, user_id, session_id, api_key_label, backend, tool_name, status_code, error_type, tags.team. ' +
          'list_dimensions_and_measures has all.',
      },
    },
  },
  async run(args, { api, clock, signal }) {
    const nowMs = clock.now()
    const body = new Map(Object.entries(args))
    for (const name of ['from', 'to']) if (body.has(name)) body.set(name, instantOfAge(body.get(name), nowMs))
    const parameters = [['consistency', 'applied']] as const
    const answer = await api.ask({ path: '/api/v1/query', parameters, body: Object.fromEntries(body) }, signal)
    return { value: boundedJson(answer) }
  },
}
