import { CONSISTENCY, EVENT_FILTER_NOTE } from './query-schema.ts'
import type { RouteDoc } from './route-doc.ts'
import { text } from './schema.ts'

/** What the API page says about taking everything away: export and backup. */

export const EXPORT_DOC: RouteDoc = {
  tag: 'Events',
  description: `Every event of \`[from, to)\`, oldest first. NDJSON holds whole events, which \`POST /api/v1/events\` takes; CSV has a column for each member of the event. ${EVENT_FILTER_NOTE}`,
  parameters: [
    {
      name: 'format',
      in: 'query',
      description: 'One event a line as JSON, or CSV with a header.',
      schema: { type: 'string', enum: ['ndjson', 'csv'], default: 'ndjson' },
    },
    {
      name: 'from',
      in: 'query',
      description: 'ms since 1970 UTC, or RFC 3339; everything when absent.',
      schema: text(),
    },
    {
      name: 'to',
      in: 'query',
      description: 'ms since 1970 UTC, or RFC 3339; itself not in the range.',
      schema: text(),
    },
    {
      name: 'columns',
      in: 'query',
      description: 'Columns of a CSV, as in `timestamp,provider,cost_nano_usd`; all when absent.',
      schema: text(),
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
      description: 'A stream; one that breaks off is not whole',
      content: { 'application/x-ndjson': { schema: text('One event a line.') }, 'text/csv': { schema: text() } },
    },
  },
  errors: ['unknown_parameter', 'unknown_value', 'invalid_query', 'overloaded', 'store_unavailable'],
}

export const EXPORT_FOCUS_DOC: RouteDoc = {
  tag: 'Events',
  description: `What was spent in \`[from, to)\` as rows of the FinOps Open Cost and Usage Specification 1.2, by hour or day, provider, model and kind of token. \`BilledCost\` of all rows comes to \`cost_nano_usd\` of the same range exactly. Where it must be read from single events, and older ones have expired, \`X-Tallystick-Raw-From\` tells from when on, in ms. ${EVENT_FILTER_NOTE}`,
  parameters: [
    {
      name: 'from',
      in: 'query',
      description: 'ms since 1970 UTC, or RFC 3339; everything when absent.',
      schema: text(),
    },
    {
      name: 'to',
      in: 'query',
      description: 'ms since 1970 UTC, or RFC 3339; itself not in the range.',
      schema: text(),
    },
    {
      name: 'interval',
      in: 'query',
      description: 'Length of a charge period, in UTC.',
      schema: { type: 'string', enum: ['1d', '1h'], default: '1d' },
    },
    {
      name: 'account',
      in: 'query',
      description:
        'Dimension that is `BillingAccountId`; where it is unknown, the provider is. `provider_id` when absent.',
      schema: text(),
    },
    {
      name: 'sub_account',
      in: 'query',
      description: 'Dimension that is `SubAccountId`. `tenant_id` when absent.',
      schema: text(),
    },
    {
      name: 'resource',
      in: 'query',
      description: 'Dimension that is `ResourceId`. `model` when absent.',
      schema: text(),
    },
    {
      name: 'tags',
      in: 'query',
      description: 'Dimensions and tags for `Tags`, with commas, as in `agent_id,tags.team`.',
      schema: text(),
    },
    {
      name: 'consistency',
      in: 'query',
      description: '`applied` first waits until everything acknowledged so far is in the figures.',
      schema: CONSISTENCY,
    },
  ],
  answers: {
    200: { description: 'A stream; one that breaks off is not whole', content: { 'text/csv': { schema: text() } } },
  },
  errors: [
    'unknown_parameter',
    'unknown_value',
    'unknown_dimension',
    'invalid_query',
    'too_many_groups',
    'overloaded',
    'store_unavailable',
  ],
}

export const BACKUP_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'Journal, event ids and, where the journal no longer holds everything, a copy of the store, all of one moment, while events go on coming in. The last file, `manifest.json`, lists the others with their SHA-256; `tallystick backup` checks it and `tallystick restore` makes a data directory of it.',
  answers: {
    200: {
      description: 'A tar archive',
      content: { 'application/x-tar': { schema: text() } },
    },
  },
  errors: ['disk_full', 'overloaded', 'journal_unavailable', 'store_unavailable', 'not_found'],
}
