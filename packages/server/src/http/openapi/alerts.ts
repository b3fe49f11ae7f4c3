import { ALERT_KINDS } from '../../alert/kinds.ts'
import { type AnswerDoc, jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, ref, type Schema, text } from './schema.ts'

/** What the API page says about alerts. */

const KIND: Schema = { type: 'string', enum: ALERT_KINDS.map(({ kind }) => kind) }
const SEVERITY: Schema = { type: 'string', enum: ['info', 'warning', 'critical'] }

const TARGET = object(
  {
    kind: { type: 'string', enum: ['webhook', 'slack', 'mail'] },
    url: text('Of a webhook or Slack. Answers show the host; `***` stands for the rest.'),
    secret: text('Signs what a webhook is sent; 16 to 256 characters. Answers show `***`.'),
    to: text('One mail address.'),
  },
  { optional: ['url', 'secret', 'to'] },
)

const RULE_INPUT: Schema = {
  type: 'object',
  required: ['kind'],
  properties: {
    name: text('A line for people; the name of the kind when absent.'),
    kind: KIND,
    enabled: flag(),
    tenant_id: orNull(text('Whose traffic it looks at; all, when absent.')),
    threshold: orNull(integer('In the unit of the kind, whose default holds when absent.')),
    window_ms: orNull(integer('Over how long it is measured; whole minutes.')),
    for_ms: orNull(integer('For how long it must hold before it fires.')),
    min_requests: orNull(integer('With fewer in the window nothing is concluded.')),
    filters: {
      type: 'object',
      additionalProperties: { anyOf: [text(), array(text())] },
      description: 'Values by dimension; `source_id` for sources, `budget_id` for budgets.',
    },
    targets: array(TARGET, 'At most 10.'),
  },
  additionalProperties: true,
}

const RULE = object({
  id: text(),
  name: text(),
  kind: KIND,
  enabled: flag(),
  tenant_id: orNull(text()),
  threshold: integer(),
  window_ms: integer(),
  for_ms: integer(),
  min_requests: integer(),
  filters: { type: 'object', additionalProperties: array(text()) },
  targets: array(TARGET),
  created_ms: integer(),
  updated_ms: integer(),
  evaluated_ms: orNull(integer('Up to when it was evaluated last.')),
  error: orNull(text('Why its last evaluation failed.')),
  firing: integer('Alerts of it that are open.'),
})

const ALERT = object({
  id: text(),
  rule_id: text(),
  kind: KIND,
  severity: SEVERITY,
  tenant_id: orNull(text()),
  title: text('One line for people.'),
  facts: {
    type: 'object',
    additionalProperties: { type: ['string', 'integer', 'null'] },
    description: 'What was measured, in integers and names.',
  },
  fired_ms: integer(),
  resolved_ms: orNull(integer()),
  acknowledged_ms: orNull(integer()),
  acknowledged_by: orNull(text()),
  deliveries: array(
    object({
      id: text('The `id` of the message.'),
      event: { type: 'string', enum: ['fired', 'resolved'] },
      target: TARGET,
      attempts: integer(),
      delivered_ms: orNull(integer()),
      given_up_ms: orNull(integer()),
      next_ms: orNull(integer('When it is tried next.')),
      error: orNull(text('Why the last attempt failed.')),
    }),
  ),
})

const RULE_EXAMPLE = {
  name: 'Provider down',
  kind: 'provider_down',
  window_ms: 300_000,
  filters: { provider: ['openai', 'anthropic'] },
  targets: [
    { kind: 'webhook', url: 'https://example.com/tallystick', secret: 'c2hhcmVkLXNlY3JldA' },
    { kind: 'slack', url: 'https://hooks.slack.com/services/T0/B0/x' },
  ],
}

const SHOWN_RULE = {
  id: '01939f2e-7d10-7c4a-9c7f-2f1b4c5d6e7f',
  ...RULE_EXAMPLE,
  enabled: true,
  tenant_id: null,
  threshold: 10_000,
  for_ms: 120_000,
  min_requests: 5,
  targets: [
    { kind: 'webhook', url: 'https://example.com/***', secret: '***' },
    { kind: 'slack', url: 'https://hooks.slack.com/***' },
  ],
  created_ms: 1_795_262_400_000,
  updated_ms: 1_795_262_400_000,
  evaluated_ms: 1_795_262_460_000,
  error: null,
  firing: 1,
}

const SHOWN_ALERT = {
  id: '01939f2e-8d10-7c4a-9c7f-2f1b4c5d6e7f',
  rule_id: SHOWN_RULE.id,
  kind: 'provider_down',
  severity: 'critical',
  tenant_id: null,
  title: 'Provider openai: 100 % of requests failed within 5 min',
  facts: { value: 10_000, threshold: 10_000, unit: 'basis_points', provider: 'openai', requests: 12 },
  fired_ms: 1_795_262_460_000,
  resolved_ms: null,
  acknowledged_ms: null,
  acknowledged_by: null,
  deliveries: [
    {
      id: '01939f2e-8d11-7c4a-9c7f-2f1b4c5d6e7f',
      event: 'fired',
      target: { kind: 'slack', url: 'https://hooks.slack.com/***' },
      attempts: 1,
      delivered_ms: 1_795_262_460_350,
      given_up_ms: null,
      next_ms: null,
      error: null,
    },
  ],
}

const id = (of: string): ParameterDoc => ({
  name: 'id',
  in: 'path',
  required: true,
  description: `Id of the ${of}.`,
  schema: text(),
  example: SHOWN_RULE.id,
})

const GONE: AnswerDoc = {
  description: '`not_found`: there is none with this id that you may see.',
  content: { 'application/problem+json': { schema: ref('Problem') } },
}

const BODY: NonNullable<RouteDoc['body']> = {
  required: true,
  content: {
    'application/json': {
      schema: RULE_INPUT,
      examples: {
        provider: { summary: 'A provider that fails every request', value: RULE_EXAMPLE },
        spend: {
          summary: 'More than 20 dollars an hour by one team',
          value: { kind: 'spend_rate', threshold: 20_000_000_000, window_ms: 3_600_000, filters: { 'tags.team': 'a' } },
        },
      },
    },
  },
}

const RULE_ERRORS = ['invalid_json', 'invalid_rule', 'unsupported_media_type', 'body_too_large', 'disk_full'] as const

export const LIST_RULES_DOC: RouteDoc = {
  tag: 'Alerts',
  description: 'The rules that you may see, and the kinds that a rule can be of with their defaults.',
  answers: {
    200: jsonAnswer(
      'Rules and kinds',
      object({
        rules: array(RULE),
        kinds: array(
          object({
            kind: KIND,
            label: text(),
            about: text(),
            unit: { type: 'string', enum: ['percent', 'basis_points', 'nano_usd', 'ms', 'requests', 'events'] },
            holds: { type: 'string', enum: ['above', 'from', 'below'] },
            threshold: integer(),
            window_ms: integer(),
            for_ms: integer(),
            min_requests: integer(),
          }),
        ),
      }),
      { rules: [SHOWN_RULE], kinds: [] },
    ),
  },
}

export const PROMETHEUS_RULES_DOC: RouteDoc = {
  tag: 'Alerts',
  description:
    'The rules that you may see, over the conventional names of `/metrics`. What the series of a scrape with your key cannot tell stands in a comment at the end.',
  answers: { 200: { description: 'A rule file', content: { 'application/yaml': { schema: text() } } } },
}

export const CREATE_RULE_DOC: RouteDoc = {
  tag: 'Alerts',
  description: 'Numbers that are left out are those of the kind. It is evaluated from the next minute on.',
  body: BODY,
  answers: { 201: jsonAnswer('The rule', object({ rule: RULE }), { rule: SHOWN_RULE }) },
  errors: RULE_ERRORS,
}

export const REPLACE_RULE_DOC: RouteDoc = {
  tag: 'Alerts',
  description:
    'All of it anew. A target may come back as it was shown and stays what it was; a secret is kept only where the address is.',
  parameters: [id('rule')],
  body: BODY,
  answers: { 200: jsonAnswer('The rule', object({ rule: RULE }), { rule: SHOWN_RULE }), 404: GONE },
  errors: RULE_ERRORS,
}

export const REMOVE_RULE_DOC: RouteDoc = {
  tag: 'Alerts',
  description: 'What it has told of stays in the history.',
  parameters: [id('rule')],
  answers: {
    200: jsonAnswer('It is gone', object({ removed: text('Its id.') }), { removed: SHOWN_RULE.id }),
    404: GONE,
  },
}

export const TEST_RULE_DOC: RouteDoc = {
  tag: 'Alerts',
  description: 'Sends a message that is marked as a test to every target, once, and answers with what each said.',
  parameters: [id('rule')],
  answers: {
    200: jsonAnswer(
      'What each target said',
      object({ results: array(object({ target: TARGET, ok: flag(), detail: text(), took_ms: integer() })) }),
      { results: [{ target: SHOWN_RULE.targets[0], ok: true, detail: 'answered 204', took_ms: 41 }] },
    ),
    404: GONE,
  },
}

export const LIST_ALERTS_DOC: RouteDoc = {
  tag: 'Alerts',
  description: 'What fires now and what did, newest first, with what became of each message.',
  parameters: [
    {
      name: 'state',
      in: 'query',
      description: 'Only those that are open, or over.',
      schema: { type: 'string', enum: ['all', 'firing', 'resolved'], default: 'all' },
    },
    { name: 'rule_id', in: 'query', description: 'Only those of one rule.', schema: text() },
    {
      name: 'limit',
      in: 'query',
      description: 'Alerts on a page.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      example: 50,
    },
    { name: 'cursor', in: 'query', description: '`next_cursor` of the page before.', schema: text() },
  ],
  answers: {
    200: jsonAnswer(
      'A page of alerts',
      object({ alerts: array(ALERT), next_cursor: orNull(text('Null on the last page.')) }),
      { alerts: [SHOWN_ALERT], next_cursor: null },
    ),
  },
  errors: ['unknown_parameter', 'unknown_value', 'invalid_query', 'invalid_cursor'],
}

export const ACKNOWLEDGE_ALERT_DOC: RouteDoc = {
  tag: 'Alerts',
  description: 'Notes who has seen to it. It stays open until what it tells of is over.',
  parameters: [id('alert')],
  answers: {
    200: jsonAnswer('The alert', object({ alert: ALERT }), {
      alert: { ...SHOWN_ALERT, acknowledged_ms: 1_795_262_500_000, acknowledged_by: 'key k7f3' },
    }),
    404: GONE,
  },
}
