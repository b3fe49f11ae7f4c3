import { jsonAnswer, type ParameterDoc, type RouteDoc } from './route-doc.ts'
import { array, flag, integer, object, orNull, text } from './schema.ts'

/** What the API page says about taking users out, and about what may not be dropped. */

const INSTANT = integer('ms since 1970 UTC.')
const PSEUDONYM = text('`erased-` and 24 hexadecimal digits, random: stands where the user stood.')

export const CREATE_ERASURE_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'In store, journal, quarantine and control state a random pseudonym takes the place of the user, and no byte of the data directory holds the name any more; figures stay. Answers when it is done, which takes as long as copying the store and reading the journal. Once it has begun it is finished at the next start, whatever happens. Backups made before keep the user.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(
          {
            user_id: text('As events name the user.'),
            tenant_id: orNull(text('Null: in every tenant.')),
            dry_run: flag('Only count.'),
          },
          { optional: ['tenant_id', 'dry_run'] },
        ),
        examples: {
          user: { summary: 'One user of a tenant', value: { user_id: 'ada@example.com', tenant_id: 'acme' } },
        },
      },
    },
  },
  answers: {
    200: jsonAnswer(
      'What was done, or would be',
      object(
        {
          dry_run: flag(),
          events: integer('Single events in the store; of a dry run, those that only totals hold included.'),
          pseudonym: PSEUDONYM,
          records: integer('Of the journal.'),
          segments: integer('Of the journal, written anew.'),
          rows: integer('Of the control state.'),
        },
        { optional: ['pseudonym', 'records', 'segments', 'rows'] },
      ),
      {
        dry_run: false,
        events: 412,
        pseudonym: 'erased-5f0c2a9be41d77c3a8e90b16',
        records: 390,
        segments: 3,
        rows: 2,
      },
    ),
  },
  errors: [
    'invalid_json',
    'invalid_body',
    'forbidden',
    'legal_hold',
    'overloaded',
    'disk_full',
    'journal_unavailable',
    'store_unavailable',
  ],
}

export const SHOW_ERASURE_DOC: RouteDoc = {
  tag: 'Operations',
  description: 'One at a time.',
  answers: {
    200: jsonAnswer(
      'How far it is; null when none is under way',
      object({
        running: orNull(
          object({
            pseudonym: PSEUDONYM,
            started_ms: INSTANT,
            step: text('`intent`, `store`, `mark`, `journal`, `state`, `aside` or `done`.'),
            segments_done: orNull(integer('Of the journal.')),
            segments: orNull(integer()),
          }),
        ),
      }),
      { running: null },
    ),
  },
}

const HOLD_MEMBERS = {
  name: text('1 to 64 letters, digits, dots, dashes and underscores.'),
  reason: text('For whoever asks why nothing is dropped.'),
  from_ms: orNull(INSTANT),
  to_ms: orNull(integer('ms since 1970 UTC, itself not held.')),
}
const HOLD = object({ ...HOLD_MEMBERS, created_ms: INSTANT })
const HOLD_EXAMPLE = {
  name: 'case-117',
  reason: 'Discovery, Acme v. Initech',
  from_ms: 1_788_220_800_000,
  to_ms: 1_790_812_800_000,
  created_ms: 1_795_262_400_000,
}

export const LIST_HOLDS_DOC: RouteDoc = {
  tag: 'Operations',
  answers: { 200: jsonAnswer('The holds that stand', object({ holds: array(HOLD) }), { holds: [HOLD_EXAMPLE] }) },
}

export const CREATE_HOLD_DOC: RouteDoc = {
  tag: 'Operations',
  description:
    'While it stands nothing in `[from_ms, to_ms)` is dropped by retention, erased or cleared; an end that is null is open. What is older than the range expires as ever; what is newer waits with it.',
  body: {
    required: true,
    content: {
      'application/json': {
        schema: object(HOLD_MEMBERS, { optional: ['from_ms', 'to_ms'] }),
        examples: {
          hold: {
            summary: 'Everything from an instant on',
            value: { name: 'case-117', reason: 'Discovery', from_ms: 1_788_220_800_000 },
          },
        },
      },
    },
  },
  answers: { 201: jsonAnswer('The hold', HOLD, HOLD_EXAMPLE) },
  errors: ['invalid_json', 'invalid_body', 'disk_full', 'journal_unavailable'],
}

const ID: ParameterDoc = { name: 'id', in: 'path', required: true, description: 'Name of the hold.', schema: text() }

export const DELETE_HOLD_DOC: RouteDoc = {
  tag: 'Operations',
  description: 'What has expired meanwhile is dropped within a minute.',
  parameters: [ID],
  answers: { 200: jsonAnswer('The hold that was removed', HOLD, HOLD_EXAMPLE) },
  errors: ['hold_not_found', 'disk_full', 'journal_unavailable'],
}
