import { jsonAnswer, type RouteDoc } from './route-doc.ts'
import { array, integer, object, orNull, text } from './schema.ts'

const ENTRY = object(
  {
    id: text('Rises with time.'),
    at_ms: integer(),
    actor: text('Who: `key k7f3`, `user ada@example.com`, or `local` on a server without keys.'),
    tenant_id: text('Whose principal that was; absent: of the whole server.'),
    action: text('`events.clear`, `events.export`, `backup`, `key.create`, `budget.update`, ...'),
    target: text('What it was done to.'),
    facts: {
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
      description: 'What else is worth knowing; never a secret.',
    },
  },
  { optional: ['tenant_id', 'target', 'facts'] },
)

export const AUDIT_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'Who changed what, and who took something away: keys, budgets, rules, clears, exports, backups. The newest 100,000 entries are kept; each is written together with what it tells of.',
  parameters: [
    {
      name: 'limit',
      in: 'query',
      description: 'Entries on a page.',
      schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      example: 50,
    },
    { name: 'before', in: 'query', description: '`next_before` of the page before.', schema: text() },
  ],
  answers: {
    200: jsonAnswer(
      'A page of entries, newest first',
      object({ entries: array(ENTRY), next_before: orNull(text('Null on the last page.')) }),
      {
        entries: [
          {
            id: '2',
            at_ms: 1_795_262_460_000,
            actor: 'key k7f3',
            action: 'events.export',
            facts: { format: 'csv', from_ms: 1_795_176_000_000, to_ms: 1_795_262_400_000 },
          },
          { id: '1', at_ms: 1_795_262_400_000, actor: 'local', action: 'events.clear' },
        ],
        next_before: null,
      },
    ),
  },
  errors: ['invalid_query', 'invalid_cursor'],
}
