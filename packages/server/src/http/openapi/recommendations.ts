import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about recommendations. */

const AMOUNT: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^\\d+$' }],
  description: 'Nano-USD; text past 2^53.',
}

const DISMISSAL = object({ id: text(), at_ms: integer(), actor: text(), reason: orNull(text()) })

const RECOMMENDATION = object({
  id: text('The same for the same rule and subject, whenever it is found.'),
  kind: { type: 'string', enum: ['saving', 'backend'] },
  rule: text('docs/recommendations.md says what each looks for.'),
  severity: { type: 'string', enum: ['critical', 'warning', 'info'] },
  subject: { type: 'object', additionalProperties: orNull(text()), description: 'Dimensions with their values.' },
  advice: text('What to do.'),
  evidence: text('What was seen.'),
  saving_nano_usd: orNull(AMOUNT),
  saving_nano_usd_30_days: orNull(AMOUNT),
  bound: {
    type: 'string',
    enum: ['exact', 'at_most', 'at_least', 'about'],
    description: '`exact`: this was paid. `at_most`, `at_least`: a bound. `about`: under the assumptions.',
  },
  confidence: { type: 'string', enum: ['high', 'medium', 'low'] },
  assumptions: array(text(), 'What the figure takes for granted.'),
  query: { type: 'object', description: 'What `POST /api/v1/query` answers with the same figures.' },
  instead: orNull(
    object(
      { provider: orNull(text()), model: text() },
      { description: 'The model to be asked in its place, where that is the advice: see `POST /api/v1/what-if`.' },
    ),
  ),
  dismissed: orNull(DISMISSAL),
})

const EXAMPLE = {
  id: 'paid_failures:[["model","gpt-4o"],["provider","openai"]]',
  kind: 'saving',
  rule: 'paid_failures',
  severity: 'info',
  subject: { provider: 'openai', model: 'gpt-4o' },
  advice: 'Find out why requests to gpt-4o fail after they have been charged.',
  evidence: '312 failed requests have cost $4.10.',
  saving_nano_usd: 4_100_000_000,
  saving_nano_usd_30_days: 4_100_000_000,
  bound: 'exact',
  confidence: 'high',
  assumptions: [],
  query: {
    from: 1_795_305_600_000,
    to: 1_797_897_600_000,
    measures: ['failed_requests', 'cost_nano_usd'],
    group_by: ['provider', 'model'],
    filters: { success: [false] },
  },
  instead: null,
  dismissed: null,
}

export const LIST_RECOMMENDATIONS_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'Backends in trouble first, then what could be saved, the greatest first. A tenant’s principal sees what follows from the tenant’s events.',
  parameters: [
    {
      name: 'from',
      in: 'query',
      description: 'ms or RFC 3339; default: 30 days ago.',
      schema: text(),
      example: '2026-11-01T00:00:00Z',
    },
    { name: 'to', in: 'query', description: 'As `from`; default: now.', schema: text() },
    {
      name: 'dismissed',
      in: 'query',
      description: '`true` lists those too that were dismissed.',
      schema: { type: 'string', enum: ['true'] },
    },
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` waits until everything acknowledged so far is in the figures.',
      schema: { type: 'string', enum: ['applied'] },
    },
  ],
  answers: {
    200: jsonAnswer(
      'Recommendations',
      object({
        from_ms: integer(),
        to_ms: integer(),
        dismissed: integer('How many are left out because they were dismissed.'),
        recommendations: array(RECOMMENDATION),
      }),
      { from_ms: 1_795_305_600_000, to_ms: 1_797_897_600_000, dismissed: 0, recommendations: [EXAMPLE] },
    ),
  },
  errors: ['invalid_query', 'store_unavailable'],
}

const body = (schema: Schema, example: object): NonNullable<RouteDoc['body']> => ({
  required: true,
  content: { 'application/json': { schema, examples: { body: { summary: 'By its id', value: example } } } },
})

export const DISMISS_RECOMMENDATION_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'It is not listed again until it is restored, whatever its figures become.',
  body: body(object({ id: text(), reason: text() }, { optional: ['reason'] }), {
    id: EXAMPLE.id,
    reason: 'the provider refunds these',
  }),
  answers: {
    200: jsonAnswer('Dismissed', DISMISSAL, {
      id: EXAMPLE.id,
      at_ms: 1_797_897_600_000,
      actor: 'local',
      reason: 'the provider refunds these',
    }),
  },
  errors: ['invalid_body'],
}

export const RESTORE_RECOMMENDATION_DOC: RouteDoc = {
  tag: 'Figures',
  body: body(object({ id: text() }), { id: EXAMPLE.id }),
  answers: {
    200: jsonAnswer(
      'Restored',
      object({ id: text(), restored: { type: 'boolean', description: 'False where it was not dismissed.' } }),
      {
        id: EXAMPLE.id,
        restored: true,
      },
    ),
  },
  errors: ['invalid_body'],
}
