import { CONSISTENCY, EVENT_FILTER_NOTE } from './query-schema.ts'
import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about where spend is going. */

const AMOUNT: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\d+$' }],
  description: 'Nano-USD; text past 2^53.',
}
const COUNT: Schema = { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\d+$' }] }

const SPEND = object({
  from_ms: integer(),
  to_ms: integer('Its end, which may lie ahead; itself not in it.'),
  cost_nano_usd: { ...orNull(AMOUNT), description: 'Null where no request of it has a known price.' },
  requests: COUNT,
  unpriced_requests: COUNT,
})

const spend = (fromMs: number, toMs: number, cost: number, requests: number): object => ({
  from_ms: fromMs,
  to_ms: toMs,
  cost_nano_usd: cost,
  requests,
  unpriced_requests: 0,
})
const NOON = 1_795_262_400_000
const DAY_MS = 86_400_000
const TODAY = NOON - DAY_MS / 2

export const PROJECTION_DOC: RouteDoc = {
  tag: 'Figures',
  description: `Today, today and the six days before, and this month, by the days of a zone, each with what came before it; and what the month comes to: what has been spent, and for the rest the mean of the last whole days (28 at most). In four cases of five the month ends between \`low_nano_usd\` and \`high_nano_usd\`, as long as days are alike and independent of each other; a month that grows leaves the range more often. With fewer than three whole days \`month_end\` is null: too early to say. ${EVENT_FILTER_NOTE}`,
  parameters: [
    {
      name: 'time_zone',
      in: 'query',
      description: 'IANA zone that days and months belong to; UTC when absent.',
      schema: text(),
      example: 'Europe/Berlin',
    },
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` waits until everything acknowledged so far is in the figures.',
      schema: CONSISTENCY,
    },
  ],
  answers: {
    200: jsonAnswer(
      'Spend, and where it is going',
      object({
        now_ms: integer(),
        complete_to_ms: integer('Everything acknowledged before this instant is in the figures.'),
        time_zone: text(),
        today: SPEND,
        yesterday: SPEND,
        last_7_days: SPEND,
        previous_7_days: SPEND,
        this_month: SPEND,
        last_month: SPEND,
        whole_days: integer(
          'Of how many whole days the end of the month is told: at most 28, and none before there were requests.',
        ),
        month_end: orNull(object({ expected_nano_usd: AMOUNT, low_nano_usd: AMOUNT, high_nano_usd: AMOUNT })),
      }),
      {
        now_ms: NOON,
        complete_to_ms: NOON,
        time_zone: 'UTC',
        today: spend(TODAY, TODAY + DAY_MS, 4_200_000_000, 812),
        yesterday: spend(TODAY - DAY_MS, TODAY, 9_100_000_000, 1_730),
        last_7_days: spend(TODAY - 6 * DAY_MS, TODAY + DAY_MS, 58_000_000_000, 11_020),
        previous_7_days: spend(TODAY - 13 * DAY_MS, TODAY - 6 * DAY_MS, 51_000_000_000, 9_800),
        this_month: spend(TODAY - 20 * DAY_MS, TODAY + 10 * DAY_MS, 171_000_000_000, 32_410),
        last_month: spend(TODAY - 51 * DAY_MS, TODAY - 20 * DAY_MS, 240_000_000_000, 45_000),
        whole_days: 28,
        month_end: {
          expected_nano_usd: 251_000_000_000,
          low_nano_usd: 239_000_000_000,
          high_nano_usd: 263_000_000_000,
        },
      },
    ),
  },
  errors: ['invalid_query', 'unknown_parameter', 'unknown_value', 'store_unavailable'],
}
