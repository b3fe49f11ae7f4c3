import { ERRORS } from '@tallystick/core'
import { BUDGET_INPUT_SCHEMA, BUDGET_SCHEMA, LEASE_SCHEMA } from './budgets.ts'
import { EVENT_INPUT_SCHEMA, EVENT_SCHEMA } from './event-schema.ts'
import { INVARIANTS_SCHEMA, VERIFICATION_SCHEMA } from './law-schema.ts'
import { QUERY_RESULT_SCHEMA, QUERY_SCHEMA, TABLES_SCHEMA } from './query-schema.ts'
import { REPORT_SCHEMA } from './report-schema.ts'
import { ROUTIIUM_DOCUMENT_SCHEMA, ROUTIIUM_ERROR_SCHEMA } from './routiium.ts'
import { array, integer, object, orNull, type Schema, text } from './schema.ts'

const ERROR_CODE: Schema = { type: 'string', enum: Object.keys(ERRORS) }

const ITEM_REFUSAL = object(
  {
    index: integer('Place in the body, from 0.'),
    event_id: text(),
    code: ERROR_CODE,
    message: text('For people.'),
    field: text('The member that is wrong.'),
  },
  { optional: ['event_id', 'field'] },
)

const INGEST_ANSWER: Schema = object(
  {
    received: integer(),
    accepted: integer('Kept, and counted once.'),
    duplicate: integer('Accepted before with the same content.'),
    conflict: integer('The id is taken by an event with other content; the first stands.'),
    conflicts: array(object({ index: integer(), event_id: text() })),
    rejected: array(ITEM_REFUSAL),
    results: array(
      object(
        {
          index: integer(),
          event_id: text(),
          status: { type: 'string', enum: ['accepted', 'duplicate', 'conflict', 'rejected'] },
          code: ERROR_CODE,
        },
        { optional: ['event_id', 'code'] },
      ),
    ),
  },
  { optional: ['results'], description: 'received = accepted + duplicate + conflict + the length of rejected.' },
)

/** RFC 9457. */
const PROBLEM: Schema = object(
  {
    type: text('`urn:tallystick:error:` and the code.'),
    title: text(),
    status: integer(undefined, 599),
    code: ERROR_CODE,
    detail: text('What was wrong, where, and what to do.'),
    issues: array(object({ path: text(), message: text() }), 'Every problem found, not the first only.'),
    retry_after_seconds: integer('How long to wait before the same is sent again, where the server knows.'),
    budget: object(
      {
        id: text(),
        name: text(),
        unit: text(),
        amount: text(),
        spent: text(),
        reserved: text(),
        remaining: text(),
        resets_ms: orNull(integer()),
      },
      { description: 'With `budget_exceeded`: which budget has no room.' },
    ),
    instance: text('Names this occurrence; the server log has the same id.'),
  },
  { optional: ['issues', 'retry_after_seconds', 'budget'] },
)

/** The named schemas of the document. */
export const COMPONENTS: { readonly [name: string]: Schema } = {
  Budget: BUDGET_SCHEMA,
  BudgetInput: BUDGET_INPUT_SCHEMA,
  Event: EVENT_SCHEMA,
  EventInput: EVENT_INPUT_SCHEMA,
  IngestAnswer: INGEST_ANSWER,
  Invariants: INVARIANTS_SCHEMA,
  Lease: LEASE_SCHEMA,
  Problem: PROBLEM,
  Query: QUERY_SCHEMA,
  QueryResult: QUERY_RESULT_SCHEMA,
  Report: REPORT_SCHEMA,
  RoutiiumDocument: ROUTIIUM_DOCUMENT_SCHEMA,
  RoutiiumError: ROUTIIUM_ERROR_SCHEMA,
  Tables: TABLES_SCHEMA,
  Verification: VERIFICATION_SCHEMA,
}
