import { array, flag, integer, object, orNull, ref, type Schema, text } from './schema.ts'

/** Schemas of what shows that nothing is lost: the conservation law, and the comparison of everything with everything. */

const SIGNED: Schema = { type: 'integer' }

const SERVER_LAW = object({
  balanced: flag(),
  received: integer(),
  accepted: integer(),
  duplicate: integer(),
  conflict: integer(),
  rejected: { type: 'object', additionalProperties: integer(), description: 'By error code.' },
  failed: integer(),
  in_flight: integer(),
})

const STORE_LAW = object(
  {
    balanced: orNull(flag()),
    accepted: integer(),
    live: integer(),
    expired: orNull(integer()),
    cleared: orNull(integer()),
    pending_apply: orNull(integer()),
    quarantined: integer(),
    applied_ordinal: integer(),
    durable_ordinal: integer(),
  },
  { description: 'accepted = live + expired + cleared + pending_apply + quarantined.' },
)

const LINK_LAW = object({
  balanced: flag(),
  acked: integer(),
  unanswered: SIGNED,
  unsettled: integer(),
  lost: integer(),
})

const GAP = object(
  {
    tenant_id: text(),
    source_id: text(),
    epoch: integer(),
    max_seq: integer(),
    seen: integer(),
    missing: integer(),
    approximate: { const: true, description: '`missing` is a lower bound.' },
  },
  { optional: ['tenant_id', 'approximate'] },
)

export const INVARIANTS_SCHEMA: Schema = object(
  {
    balanced: flag('Every part that can be judged holds.'),
    at_ms: integer(),
    server: SERVER_LAW,
    store: STORE_LAW,
    link: LINK_LAW,
    gaps: object({ sources: integer(), missing: integer(), forgotten: integer(), worst: array(GAP) }),
  },
  { description: 'The conservation law, as one consistent snapshot. Null where it cannot be judged.' },
)

export const VERIFICATION_SCHEMA: Schema = object(
  {
    ok: flag('Nothing differs and the law balances.'),
    differences: array(text(), 'One sentence for each thing that does not agree.'),
    notes: array(text(), 'What could not be compared, and why.'),
    journal: orNull(
      object({
        records: integer(),
        events: integer(),
        damaged_lines: integer(),
        first_ordinal: integer(),
        last_ordinal: integer(),
      }),
    ),
    days_compared: integer(),
    store: object({ events: integer(), applied_ordinal: integer() }),
    invariants: ref('Invariants'),
  },
  { description: 'Journal, store and rollups compared with each other.' },
)
