import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, text } from './schema.ts'

/** What the API page says about servers that follow another. */

export const CONTROL_CHANGES_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'For other servers on the same store, see docs/cluster.md. A head with the new position, one change of a row a line, and an end that says how many there were: of tenants, agents, keys and sessions (as hashes), budgets and leases. Everything where the position is not known, or none is given.',
  parameters: [
    {
      name: 'after',
      in: 'query',
      description: 'The position of the answer before, unchanged.',
      schema: text(),
    },
    {
      name: 'wait_ms',
      in: 'query',
      description: 'How long to wait for a change where there is none yet.',
      schema: { ...integer(undefined, 30_000), default: 0 },
    },
  ],
  answers: {
    200: {
      description: 'One JSON object a line',
      content: { 'application/x-ndjson': { schema: text() } },
    },
  },
  errors: ['unknown_parameter', 'out_of_range', 'control_elsewhere'],
}

export const CONTROL_NOTES_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'For other servers on the same store. A note is written where the row still is what it `was` there; an entry of the audit log always is.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object({
          notes: array(
            object(
              {
                table: { type: 'string', enum: ['sessions', 'leases', 'audit'] },
                id: text(),
                row: { type: 'object' },
                was: { type: 'object' },
              },
              { optional: ['was'] },
            ),
          ),
        }),
      },
    },
  },
  answers: { 200: jsonAnswer('How many were written', object({ taken: integer() }), { taken: 1 }) },
  errors: ['invalid_body', 'control_elsewhere', 'disk_full', 'journal_unavailable'],
}
