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
    max_seq: orNull(integer()),
    seen: integer(),
    missing: integer('Numbers below `max_seq` that have not arrived.'),
    recorded: integer('As the source said.'),
    dropped: { type: 'object', additionalProperties: integer(), description: 'As the source said, by its reasons.' },
    told: integer('The sum of `dropped`.'),
    untold: integer('missing - told, or 0.'),
    outstanding: integer('The higher of `recorded` and `max_seq` + 1, less `seen` and `told`, or 0.'),
    approximate: { const: true, description: '`missing` is a lower bound.' },
  },
  { optional: ['tenant_id', 'recorded', 'dropped', 'approximate'] },
)

export const INVARIANTS_SCHEMA: Schema = object(
  {
    balanced: flag('Every part that can be judged holds.'),
    at_ms: integer(),
    server: SERVER_LAW,
    store: STORE_LAW,
    link: LINK_LAW,
    gaps: object({
      sources: integer(),
      missing: integer('Numbers that have not arrived, of all sources.'),
      told: integer('Events that their sources say will never come.'),
      untold: integer('Of the missing ones, those that no source has told of. 0: no gap is unexplained.'),
      outstanding: integer('Recorded, and neither arrived nor told of: on their way, or lost.'),
      forgotten: integer('Sources no longer remembered because there were too many.'),
      reasons: {
        type: 'object',
        additionalProperties: integer(),
        description: 'What `told` is made of: at most 16 reasons by name, the rest as `other`.',
      },
      worst: array(GAP),
    }),
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
        held_by_store: integer('Of those lines, how many have their events in the store still.'),
        lost: array(array(integer()), 'First and last record of each range whose events are nowhere; at most 20.'),
        first_ordinal: integer(),
        last_ordinal: integer(),
      }),
    ),
    state: orNull(
      object(
        {
          rows: integer(),
          log_records: integer(),
          damaged_lines: integer(),
          snapshots: integer(),
          damaged_snapshots: integer(),
        },
        { description: 'The files of the control state. Null where it is in memory only.' },
      ),
    ),
    days_compared: integer(),
    store: object({ events: integer(), applied_ordinal: integer() }),
    invariants: ref('Invariants'),
  },
  { description: 'Journal, store, rollups and control state compared with each other.' },
)
