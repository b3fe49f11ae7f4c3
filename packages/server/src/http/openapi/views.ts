import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, text } from './schema.ts'

/** What the API page says about saved views. */

const VIEW = object({
  id: text(),
  name: text(),
  address: text('Path and query of a page of the dashboard: relative ranges stay relative.'),
  tenant_id: orNull(text('Whose principals are shown it; null: those who see the whole server.')),
  created_by: text('As the audit log names whoever saved it.'),
  created_ms: integer('ms since 1970 UTC.'),
  updated_ms: integer('ms since 1970 UTC.'),
  may_change: flag('May whoever asks change and remove it? Those who saved it may, and administrators.'),
})

const EXAMPLE = {
  id: '0199f4a2-6a53-7b5e-9d0c-3a1f5c2e8b71',
  name: 'Spend of the coder, by model',
  address: '/explore?range=7d&is.agent_id=coder&compare=1',
  tenant_id: null,
  created_by: 'local',
  created_ms: 1_795_305_600_000,
  updated_ms: 1_795_305_600_000,
  may_change: true,
}

const BODY: NonNullable<RouteDoc['body']> = {
  required: true,
  content: {
    'application/json': {
      schema: object({
        name: { type: 'string', minLength: 1, description: 'At most 120 bytes; one of its kind for whoever saves it.' },
        address: {
          type: 'string',
          pattern: '^/',
          description:
            'A page of the dashboard and its parameters, at most 4,096 bytes. Neither a scheme nor a host: what is opened stays on this server.',
        },
      }),
      examples: { view: { summary: 'A view', value: { name: EXAMPLE.name, address: EXAMPLE.address } } },
    },
  },
}

const ID: ParameterDoc = { name: 'id', in: 'path', description: 'Of the view.', schema: text(), required: true }

export const LIST_VIEWS_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    "By name. A tenant's principal is shown the tenant's; whoever sees some agents only is shown what they saved themselves.",
  answers: { 200: jsonAnswer('Views', object({ views: array(VIEW) }), { views: [EXAMPLE] }) },
}

export const CREATE_VIEW_DOC: RouteDoc = {
  tag: 'Figures',
  description:
    "Everybody who may read may save; what is saved is shown to the whole tenant. At most 200 of one person's are kept.",
  body: BODY,
  answers: { 201: jsonAnswer('Saved', VIEW, EXAMPLE) },
  errors: ['invalid_json', 'invalid_body', 'disk_full', 'journal_unavailable'],
}

export const REPLACE_VIEW_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'Name and address anew; by whoever saved it, or an administrator.',
  parameters: [ID],
  body: BODY,
  answers: { 200: jsonAnswer('Changed', VIEW, EXAMPLE) },
  errors: ['view_not_found', 'invalid_json', 'invalid_body', 'disk_full', 'journal_unavailable'],
}

export const REMOVE_VIEW_DOC: RouteDoc = {
  tag: 'Figures',
  description: 'By whoever saved it, or an administrator.',
  parameters: [ID],
  answers: { 200: jsonAnswer('It is gone', object({ removed: text('Its id.') }), { removed: EXAMPLE.id }) },
  errors: ['view_not_found', 'disk_full', 'journal_unavailable'],
}
