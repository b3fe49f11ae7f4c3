import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, type Schema, text } from './schema.ts'

/** What the API page says about re-pricings. */

const AMOUNT: Schema = {
  anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?\\d+$' }],
  description: 'Nano-USD; text past 2^53.',
}

const FIGURES: { readonly [name: string]: Schema } = {
  events: integer('Requests in the range that the store still holds one by one.'),
  changed: integer('Those of them that get another figure than they had.'),
  unpriced_before: integer('As billed.'),
  unpriced_now: integer(),
  billed_nano_usd: orNull(AMOUNT),
  repriced_nano_usd: orNull(AMOUNT),
  difference_nano_usd: AMOUNT,
}

const REPORT = object(
  {
    time_zone: text('That days belong to.'),
    totals: object(FIGURES),
    reported: integer('Requests whose cost the provider or the client has reported: that stays, also as repriced.'),
    kept: integer('Requests that have no price now: they keep the figure that they have.'),
    foreign: integer(
      'Requests that another server on the same store accepted, or that others wrote into its file: they are not repriced.',
    ),
    expired: integer('Requests of which only totals are left: they cannot be repriced.'),
    rows: array(object({ day: text(), model: orNull(text()), ...FIGURES }), 'By day, then by model.'),
  },
  { description: 'Once it is `done`; of the last few runs since the start of the server.' },
)

const RUN = object(
  {
    id: text(),
    state: { type: 'string', enum: ['running', 'done', 'failed', 'interrupted'] },
    dry_run: flag('It only compares.'),
    version: text('The prices that it took, and its id: as in its records of the journal.'),
    from_ms: integer(),
    to_ms: integer(),
    model: orNull(text()),
    provider: orNull(text()),
    started_ms: integer(),
    ended_ms: orNull(integer()),
    error: text('Why it failed.'),
    changed: orNull(integer('Null where it was interrupted: run it again, what is done already stays.')),
    progress: object({ events: integer(), of: integer() }),
    report: REPORT,
  },
  { optional: ['error', 'progress', 'report'] },
)

const STARTED = {
  id: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
  state: 'running',
  dry_run: false,
  version: '0.0.40.1a2b3c4d/01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
  from_ms: 1_793_491_200_000,
  to_ms: 1_796_083_200_000,
  model: 'gpt-4o',
  provider: null,
  started_ms: 1_796_100_000_000,
  ended_ms: null,
  changed: 0,
  progress: { events: 0, of: 0 },
}

const FIGURES_EXAMPLE = {
  events: 1_200,
  changed: 1_100,
  unpriced_before: 0,
  unpriced_now: 0,
  billed_nano_usd: 3_250_000_000,
  repriced_nano_usd: 2_600_000_000,
  difference_nano_usd: -650_000_000,
}

const DONE = {
  ...STARTED,
  state: 'done',
  ended_ms: 1_796_100_002_000,
  changed: 1_100,
  progress: { events: 1_200, of: 1_200 },
  report: {
    time_zone: 'UTC',
    totals: FIGURES_EXAMPLE,
    reported: 100,
    kept: 0,
    foreign: 0,
    expired: 0,
    rows: [{ day: '2026-11-01', model: 'gpt-4o', ...FIGURES_EXAMPLE }],
  },
}

const { progress: _, report: __, ...LISTED } = DONE

const ID: ParameterDoc = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Of the re-pricing.',
  schema: text(),
  example: STARTED.id,
}

export const START_REPRICING_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'At the prices that the server has, each event at those of its instant. What was billed stays; `repriced_cost_nano_usd` shows what it comes to. One at a time; it goes on whether or not somebody waits, and repeating it is harmless. See docs/repricing.md.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(
          {
            from: { anyOf: [{ type: 'integer' }, { type: 'string' }], description: 'RFC 3339, or ms since 1970 UTC.' },
            to: { anyOf: [{ type: 'integer' }, { type: 'string' }], description: 'Not included.' },
            model: text('Requests of this model only.'),
            provider: text('Requests of this provider only.'),
            time_zone: text('IANA zone that the days of the report belong to; default UTC.'),
            dry_run: flag('Compare only; nothing is written.'),
          },
          { optional: ['model', 'provider', 'time_zone', 'dry_run'] },
        ),
        examples: {
          compare: {
            summary: 'What November would come to of one model',
            value: { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z', model: 'gpt-4o', dry_run: true },
          },
        },
      },
    },
  },
  answers: { 202: jsonAnswer('It has begun', RUN, STARTED) },
  errors: ['invalid_query', 'reprice_running', 'disk_full', 'journal_unavailable'],
}

export const LIST_REPRICINGS_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    '`interrupted` is one that a stop or a crash has cut short: what it wrote counts, and running it again adds the rest.',
  answers: { 200: jsonAnswer('Without their reports', object({ repricings: array(RUN) }), { repricings: [LISTED] }) },
}

export const SHOW_REPRICING_DOC: RouteDoc = {
  tag: 'Operations',
  parameters: [ID],
  answers: { 200: jsonAnswer('The re-pricing', RUN, DONE) },
  errors: ['repricing_not_found'],
}
