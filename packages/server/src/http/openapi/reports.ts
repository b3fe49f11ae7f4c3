import { REPORT_FORMATS } from '../../state/report-format.ts'
import { CONSISTENCY, EVENT_FILTER_NOTE } from './query-schema.ts'
import { type AnswerDoc, jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, ref, type Schema, text } from './schema.ts'

/** What the API page says about reports and their schedules. */

const RANGE =
  'the last `24h`, `7d`, `4w`, or `today`, `yesterday`, `this_week`, `last_week`, `this_month`, `last_month`'

export const REPORT_DOC: RouteDoc = {
  tag: 'Figures',
  description: `What a range cost, by whom, how it went and what should change, of what the principal may see; docs/reports.md says what each member is. ${EVENT_FILTER_NOTE}`,
  parameters: [
    { name: 'range', in: 'query', description: `${RANGE}; default: 7d.`, schema: text(), example: '7d' },
    { name: 'from', in: 'query', description: 'Instead of `range`: ms since 1970 UTC, or RFC 3339.', schema: text() },
    { name: 'to', in: 'query', description: 'As `from`; itself not in the range. Default: now.', schema: text() },
    {
      name: 'time_zone',
      in: 'query',
      description: 'IANA zone of days and hours; default: UTC.',
      schema: text(),
      example: 'Europe/Berlin',
    },
    {
      name: 'format',
      in: 'query',
      description: 'A PDF needs Chromium where the server runs.',
      schema: { type: 'string', enum: [...REPORT_FORMATS], default: 'json' },
    },
    {
      name: 'top',
      in: 'query',
      description: 'Names in a list, 1 to 100; the rest is one row.',
      schema: text(),
      example: '10',
    },
    {
      name: 'inline',
      in: 'query',
      description: '`true`: to be shown, not saved.',
      schema: { type: 'string', enum: ['true', 'false'] },
    },
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` first waits until everything acknowledged so far is in the figures.',
      schema: CONSISTENCY,
    },
  ],
  answers: {
    200: {
      description: 'The report, under a file name of its own',
      content: {
        'application/json': { schema: ref('Report') },
        'text/markdown': { schema: text('GitHub Flavored Markdown.') },
        'text/html': { schema: text('One file that loads nothing.') },
        'application/pdf': { schema: { type: 'string', format: 'binary' } },
      },
    },
  },
  errors: [
    'unknown_parameter',
    'unknown_value',
    'unknown_dimension',
    'invalid_query',
    'pdf_unavailable',
    'overloaded',
    'store_unavailable',
  ],
}

const TARGET: Schema = {
  oneOf: [
    object(
      {
        kind: { const: 'file' },
        name: text('Its files are `NAME-<instant it was due>.<format>` below `reports.dir`.'),
        keep: integer('How many of them stay; 30 unless said.', 1_000),
      },
      { optional: ['keep'] },
    ),
    object(
      { kind: { const: 'webhook' }, url: text(), secret: text('16 to 256 characters; signs what is sent.') },
      { optional: ['secret'] },
    ),
    object({ kind: { const: 'mail' }, to: text() }),
  ],
}
const RUN = object({
  id: text('What comes to the receiver again under it is a repeat.'),
  schedule_id: text(),
  due_ms: integer(),
  by: { type: 'string', enum: ['schedule', 'person'] },
  state: { type: 'string', enum: ['waiting', 'delivered', 'failed'] },
  attempts: integer(),
  next_ms: orNull(integer('When it is tried next.')),
  ended_ms: orNull(integer()),
  detail: orNull(text('What the receiver said, or why the last attempt failed.')),
  bytes: orNull(integer()),
})
const FORMAT: Schema = { type: 'string', enum: [...REPORT_FORMATS] }
const FILTERS: Schema = { type: 'object', description: 'As a query has them.', additionalProperties: true }
const SCHEDULE = object({
  id: text(),
  name: text(),
  enabled: flag(),
  cron: text(),
  time_zone: text(),
  range: text(),
  format: FORMAT,
  filters: orNull(FILTERS),
  target: TARGET,
  tenant_id: orNull(text('Whose figures; null: those of all.')),
  agent_ids: orNull(array(text())),
  created_ms: integer(),
  updated_ms: integer(),
  next_ms: orNull(integer('When it is due next; null while it is paused.')),
  runs: array(RUN, 'The newest first, twenty that are settled at the most.'),
})
const INPUT = object(
  {
    name: text('Default: Usage report.'),
    enabled: flag('Default: true.'),
    cron: text('Five fields, by the clock of the zone.'),
    time_zone: text('IANA; default: UTC.'),
    range: text(`Up to the instant it is due: ${RANGE}; default: 7d.`),
    format: { ...FORMAT, description: 'Default: html.' },
    filters: orNull(FILTERS),
    target: TARGET,
    tenant_id: orNull(text('Only when it is made; default: whatever the principal sees.')),
  },
  { optional: ['name', 'enabled', 'time_zone', 'range', 'format', 'filters', 'tenant_id'] },
)
const SENT = {
  name: 'Weekly report',
  cron: '0 8 * * MON',
  time_zone: 'Europe/Berlin',
  range: 'last_week',
  format: 'html',
  target: { kind: 'webhook', url: 'https://hooks.example.com' },
}
const SHOWN_RUN = {
  id: '0193f0c2-0000-7000-8000-000000000002',
  schedule_id: '0193f0c2-0000-7000-8000-000000000001',
  due_ms: 1_795_417_200_000,
  by: 'schedule',
  state: 'delivered',
  attempts: 1,
  next_ms: null,
  ended_ms: 1_795_417_201_400,
  detail: 'answered 204',
  bytes: 48_213,
}
const SHOWN = {
  id: SHOWN_RUN.schedule_id,
  ...SENT,
  enabled: true,
  filters: null,
  tenant_id: null,
  agent_ids: null,
  created_ms: 1_795_262_400_000,
  updated_ms: 1_795_262_400_000,
  next_ms: 1_796_022_000_000,
  runs: [SHOWN_RUN],
}

const ID: ParameterDoc = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The id of the schedule.',
  schema: text(),
}
const GONE: AnswerDoc = {
  description: '`not_found`: there is none that may be seen.',
  content: { 'application/problem+json': { schema: ref('Problem') } },
}
const BODY: NonNullable<RouteDoc['body']> = {
  required: true,
  content: {
    'application/json': { schema: INPUT, examples: { weekly: { summary: 'Each Monday at eight', value: SENT } } },
  },
}

export const LIST_SCHEDULES_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    'With what became of the last reports. Addresses of webhooks are shown without their path, secrets not at all.',
  answers: {
    200: jsonAnswer(
      'Schedules',
      object({
        schedules: array(SCHEDULE),
        can: object({ file: flag(), mail: flag() }, { description: 'What can be delivered to here.' }),
      }),
      { schedules: [SHOWN], can: { file: false, mail: true } },
    ),
  },
}

export const CREATE_SCHEDULE_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'It tells of what the principal sees, whoever reads it.',
  body: BODY,
  answers: { 201: jsonAnswer('The schedule', object({ schedule: SCHEDULE }), { schedule: { ...SHOWN, runs: [] } }) },
  errors: ['invalid_schedule'],
}

export const REPLACE_SCHEDULE_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'All of it anew, but whose figures it tells. A target may come back as it was shown.',
  parameters: [ID],
  body: BODY,
  answers: { 200: jsonAnswer('The schedule', object({ schedule: SCHEDULE }), { schedule: SHOWN }), 404: GONE },
  errors: ['invalid_schedule'],
}

export const REMOVE_SCHEDULE_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'Files that it has written stay.',
  parameters: [ID],
  answers: { 200: jsonAnswer('Removed', object({ removed: text() }), { removed: SHOWN.id }), 404: GONE },
}

export const RUN_SCHEDULE_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'Makes and delivers one now. While one is under way it is answered, and no second one begins.',
  parameters: [ID],
  answers: {
    202: jsonAnswer('It is under way', object({ run: RUN }), {
      run: {
        ...SHOWN_RUN,
        by: 'person',
        state: 'waiting',
        attempts: 0,
        next_ms: 1_795_417_200_000,
        ended_ms: null,
        detail: null,
        bytes: null,
      },
    }),
    404: GONE,
  },
}
