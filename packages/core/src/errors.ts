/**
 * THE table of errors. `code` is the contract, messages are for people. `docs/errors.md` holds one paragraph a code and a
 * test compares the two. A code that is retired stays here with `retired: true` and is never given another meaning.
 */
export interface ErrorSpec {
  /** HTTP status when the code reaches a client; for per-item codes the status of a body of that one item. */
  readonly status: number
  readonly title: string
  /** May the same request succeed later, unchanged? */
  readonly retryable: boolean
  /** One sentence: what to do about it. */
  readonly remedy: string
  readonly retired?: true
}

const row = (status: number, title: string, remedy: string, retryable = false): ErrorSpec => ({
  status,
  title,
  retryable,
  remedy,
})

/** THE table of errors, by code. */
export const ERRORS = {
  // one event of a batch
  not_an_object: row(400, 'The item is not a JSON object', 'Send each event as an object.'),
  missing_field: row(400, 'A required field is missing', 'Add the field named in `field`.'),
  invalid_type: row(
    400,
    'A field has the wrong type',
    'Send the type the message names; digits in quotes are not a number.',
  ),
  not_an_integer: row(
    400,
    'A number must be an integer',
    'Send whole numbers; money in nano-USD, time in milliseconds.',
  ),
  out_of_range: row(400, 'A number is outside its range', 'Send a value inside the range the message names.'),
  too_long: row(400, 'A string is too long', 'Shorten the field to the bytes the message names.'),
  too_many_entries: row(
    400,
    'A list or map has too many entries',
    'Send at most as many entries as the message names.',
  ),
  too_deep: row(400, 'JSON is nested too deeply', 'Flatten the value; at most 16 levels are read.'),
  empty_value: row(400, 'A string is empty', 'Leave the field out or give it a value.'),
  invalid_text: row(400, 'Text is not valid Unicode', 'Send well-formed UTF-8 without lone surrogates or NUL.'),
  unknown_kind: row(400, 'The kind of event is unknown', 'Use one of the kinds in docs/wire.md.'),
  unknown_value: row(400, 'A value is not one of those allowed', 'Use one of the values the message lists.'),
  timestamp_out_of_range: row(
    400,
    'The instant is out of range',
    'Send an instant from 2000-01-01 to 24 hours from now.',
  ),
  invalid_timestamp: row(400, 'The instant cannot be read', 'Send integer milliseconds or RFC 3339 with a zone.'),
  usage_inconsistent: row(
    400,
    'Token counts contradict each other',
    'Totals include their subsets: input >= cache reads + writes, output >= reasoning.',
  ),

  // a whole request
  invalid_json: row(
    400,
    'The body is not valid JSON',
    'Send JSON, or one JSON object per line with application/x-ndjson.',
  ),
  invalid_body: row(400, 'The body has the wrong shape', 'Send an event, an array of events, or {"events":[...]}.'),
  invalid_encoding: row(400, 'The body cannot be decompressed', 'Send one gzip stream or none.'),
  invalid_query: row(400, 'The query is not valid', 'Mend every problem listed in `issues`.'),
  unknown_measure: row(400, 'No such measure', 'Use one of the nearest names listed.'),
  unknown_dimension: row(400, 'No such dimension', 'Use one of the nearest names listed.'),
  unknown_parameter: row(400, 'No such parameter', 'Use one of the nearest names listed, or leave it out.'),
  unpriced_model: row(
    400,
    'No price is known for the model',
    'Use one of the nearest names listed, or give it a price of its own: docs/prices.md.',
  ),
  invalid_cursor: row(400, 'The cursor cannot be read', 'Use the cursor of the previous page unchanged, or none.'),
  invalid_period: row(
    400,
    'The period cannot be read',
    'Use one of the periods in docs/protocol012.md, or `start` and `end`.',
  ),
  unauthorized: row(
    401,
    'The token is missing or not valid',
    'Send it as Authorization: Bearer TOKEN, or as the route documents.',
  ),
  forbidden: row(
    403,
    'These credentials do not allow it',
    'Use credentials with the scope that the route names, and of the tenant in question.',
  ),
  key_not_found: row(404, 'No such key', 'List the keys with GET /api/v1/keys.'),
  token_expired: row(401, 'The token has expired', 'Ask for a new token and send the same again with it.'),
  login_failed: row(
    401,
    'The login was not completed',
    'Begin it again, in the same browser, and finish it within ten minutes.',
  ),
  login_refused: row(
    403,
    'This person may not come in',
    'Use another account, or ask whoever runs the server to let this one in.',
  ),
  issuer_unavailable: row(
    503,
    'The OpenID Connect issuer does not work for this server',
    'Try again; if it stays, check auth.oidc.* and that the server reaches the issuer. A key logs in all the same.',
    true,
  ),
  invalid_token: row(
    400,
    'The token does not name an agent',
    'Use a token whose `agent_id` claim is `agent_<number>`.',
  ),
  rate_limit_exceeded: row(429, 'Too many requests', 'Send it again after the time in Retry-After.', true),
  forbidden_origin: row(
    403,
    'The request comes from another site',
    'Call the API from the same origin, or list the origin in http.allowed_origins.',
  ),
  misdirected_host: row(
    421,
    'The Host header is not one of ours',
    'Use localhost, 127.0.0.1 or a host of http.allowed_hosts.',
  ),
  not_found: row(404, 'No such route', 'See docs/wire.md for the routes.'),
  method_not_allowed: row(405, 'The route does not take this method', 'Use a method of the Allow header.'),
  unsupported_media_type: row(
    415,
    'The content type is not accepted',
    'Send application/json or application/x-ndjson.',
  ),
  unsupported_encoding: row(415, 'The content encoding is not accepted', 'Send gzip or nothing.'),
  body_too_large: row(413, 'The body is too large', 'Split the batch; the limits are in the message.'),
  too_many_events: row(413, 'The batch has too many events', 'Split the batch; the limit is in the message.'),
  too_many_streams: row(429, 'Too many live streams are open', 'Close some or wait.', true),
  malformed_request: row(
    400,
    'The request is not valid HTTP',
    'Send one well-formed HTTP/1.1 request with one Host header.',
  ),
  upgrade_required: row(
    426,
    'The route is for WebSockets',
    'Connect with a WebSocket client: ws://HOST/ws; docs/live.md shows how.',
  ),
  headers_too_large: row(431, 'The request headers are too large', 'Send less than 16 KiB of headers.'),
  request_timeout: row(
    408,
    'The request took too long to arrive',
    'Send the headers within 10 s and the whole request within 30 s.',
    true,
  ),
  overloaded: row(503, 'The server is busy with other requests', 'Send it again after the time in Retry-After.', true),
  shutting_down: row(503, 'The server is stopping', 'Send the batch again after it has restarted.', true),
  query_cancelled: row(499, 'The query was cancelled', 'Ask again.', true),
  query_timeout: row(504, 'The query took too long', 'Ask for a shorter period, or filter.', true),
  too_many_groups: row(
    422,
    'The query makes too many groups',
    'Add a filter, use fewer dimensions, or shorten the range.',
  ),
  internal_error: row(500, 'Something failed inside', 'Look at the server log for the request id.', true),

  // budgets
  budget_exceeded: row(
    402,
    'The budget is used up',
    'Raise the limit, or wait until what is reserved has been settled.',
    true,
  ),
  insufficient_budget: row(
    402,
    'Less is available than was asked for',
    'Ask for less, raise the limit, or wait until other reservations have been settled.',
    true,
  ),

  budget_not_found: row(404, 'No such budget', 'List the budgets with GET /api/v1/budgets.'),
  budget_exists: row(409, 'The id of the budget is taken', 'Use another id, or change the budget there is with PUT.'),
  hold_not_found: row(404, 'There is no such hold', 'Ask for the list of holds.'),
  legal_hold: row(
    409,
    'A legal hold keeps it',
    'Remove the hold, or leave what it keeps: nothing in its range of time is dropped while it stands.',
  ),
  revision_conflict: row(
    409,
    'Somebody has changed it meanwhile',
    'Read it again, and make the change from its current revision.',
  ),
  reprice_running: row(
    409,
    'Events are being repriced already',
    'Wait until that has ended: GET /api/v1/repricings tells.',
    true,
  ),
  event_not_found: row(
    404,
    'No such event',
    'Look at the id and at `timestamp_ms`; an event that was just sent can be found with consistency=applied.',
  ),
  ambiguous_event: row(
    409,
    'Several events have this id',
    'Add the tenant, agent, source or instant that `issues` lists for the one that is meant.',
  ),
  repricing_not_found: row(404, 'No such re-pricing', 'List them with GET /api/v1/repricings.'),
  view_not_found: row(404, 'No such saved view', 'List the views with GET /api/v1/views.'),
  lease_not_found: row(404, 'No such lease', 'Use the id that the reservation was answered with.'),
  lease_ended: row(409, 'The lease has ended', 'Reserve anew with another request id.'),
  request_conflict: row(
    409,
    'The request id stands for something else',
    'Use an id of its own for each request; repeat a request unchanged.',
  ),
  budget_reserved: row(
    429,
    'What is left of the budget is held for requests under way',
    'Send it again when some of them have ended.',
    true,
  ),

  // capture proxy
  unknown_upstream: row(404, 'No such upstream', 'Use one of proxy.upstreams, or add this one to them.'),
  upstream_refused: row(
    502,
    'The address of the upstream is not permitted',
    'If it is meant to lie in a private network, list it in proxy.upstreams with the word `private`.',
  ),
  upstream_unreachable: row(
    502,
    'The upstream cannot be reached, or broke off before it answered',
    'Send it again; the log of the provider or of the server may say more.',
    true,
  ),
  upstream_timeout: row(
    504,
    'The upstream was silent for too long',
    'Send it again, or raise proxy.idle_seconds.',
    true,
  ),
  upgrade_refused: row(
    501,
    'The proxy carries no other protocol than HTTP',
    'Connect to the provider itself for WebSockets.',
  ),

  // alerts
  invalid_schedule: row(400, 'The schedule of a report is not valid', 'Mend every problem listed in `issues`.'),
  pdf_unavailable: row(
    503,
    'No PDF can be made here',
    'Install Chromium, or name it in reports.chromium; every other format needs nothing.',
  ),
  invalid_rule: row(400, 'The alert rule is not valid', 'Mend every problem listed in `issues`.'),

  // storage
  disk_full: row(507, 'The disk is full', 'Free space; the server resumes by itself.', true),
  journal_unavailable: row(
    503,
    'The journal cannot be written',
    'See the server log for the cause; the batch was not kept.',
    true,
  ),
  journal_locked: row(
    503,
    'Another process holds the data directory',
    'Stop the process named in the message, or use another directory.',
  ),
  control_unavailable: row(
    503,
    'The server that owns keys, budgets and alerts cannot be asked',
    'Send it again; if it stays, check control.url and control.key, and that the owner runs. See docs/cluster.md.',
    true,
  ),
  control_elsewhere: row(
    421,
    'Another server owns keys, budgets and alerts',
    'Send it to the server that the message names. See docs/cluster.md.',
  ),
  journal_newer_format: row(500, 'The journal was written by a newer version', 'Install that version or newer.'),
  store_unavailable: row(503, 'The store cannot answer', 'Ask again; events are safe in the journal.', true),
  store_newer_schema: row(
    500,
    'The store was changed by a newer version',
    'Install that version or newer here too; servers that run already go on.',
  ),
  store_corrupt: row(500, 'The store file is damaged', 'Run `tallystick rebuild`.'),
  store_newer_format: row(
    500,
    'The store was written by a newer version',
    'Install that version or newer, or run `tallystick rebuild`.',
  ),
  state_corrupt: row(
    500,
    'Keys, budgets and what else people have told the server cannot be read whole',
    'Restore a backup, or move the folder `state` of the data directory away to begin without any.',
  ),
  backup_damaged: row(
    400,
    'The backup is damaged or incomplete',
    'Use another backup; the message names what is wrong with this one.',
  ),
  data_dir_unusable: row(500, 'The data directory cannot be used', 'Give a directory that this user can write to.'),

  // metrics and traces
  metrics_export: row(
    500,
    'The metrics cannot be written',
    'See the cause: a function that gives figures of its own at each scrape has failed.',
    true,
  ),
  tracing_init: row(
    500,
    'Tracing cannot be set up',
    'Check that @opentelemetry/api is installed, and the options named in the message.',
  ),

  // configuration and command line
  invalid_config: row(500, 'The configuration is not valid', 'Mend every problem listed.'),
  invalid_prices: row(
    500,
    'A price file is not valid',
    'Mend every problem listed; the previous prices stay in force.',
  ),
  usage: row(400, 'The command was not understood', 'See --help.'),
  file_unreadable: row(400, 'A file cannot be read', 'Check the path and its permissions.'),
  server_unreachable: row(503, 'The server does not answer', 'Check the address and that it runs.', true),
  bad_answer: row(
    502,
    'The answer of the server cannot be right',
    'Check that the address is that of a Tallystick server, and what stands between.',
    true,
  ),
} as const satisfies Record<string, ErrorSpec>

/** A code of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS

/** One problem among several: where, and what. */
export interface Issue {
  /** Path of the offending member, e.g. `filters.provider[0]`. */
  readonly path: string
  readonly message: string
}

const MAX_INLINE_ISSUES = 5
const MAX_ISSUE_LINES = 100

/**
 * Problems as part of one line, the first five at the most.
 *
 * @example inlineIssues([{ path: 'limit', message: 'must be positive' }]) // 'limit: must be positive'
 */
export function inlineIssues(issues: readonly Issue[]): string {
  return joined(issues, MAX_INLINE_ISSUES, '; ')
}

/** Problems as indented lines, by which a person mends a file: all of them, up to a hundred. */
export function issueLines(issues: readonly Issue[]): string {
  return `  ${joined(issues, MAX_ISSUE_LINES, '\n  ')}`
}

function joined(issues: readonly Issue[], most: number, between: string): string {
  const shown = issues.slice(0, most).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  if (issues.length > most) shown.push(`and ${issues.length - most} more`)
  return shown.join(between)
}

const BRAND = Symbol.for('tallystick.error')

/**
 * Everything Tallystick throws or rejects with. Match on `code`; `message` may change, and is the code where there is no more
 * to say. What {@link ERRORS} says of the code, e.g. whether to try again, is not a member: an application that never
 * asks would carry the whole table in its bundle.
 *
 * @example ERRORS[error.code].retryable
 */
export class TallystickError extends Error {
  readonly code: ErrorCode
  /** All problems found, not the first only. */
  readonly issues: readonly Issue[]
  /** How long to wait before the same is sent again, where that is known; whole seconds. */
  readonly retryAfterSeconds?: number
  readonly [BRAND] = true

  constructor(
    code: ErrorCode,
    message?: string,
    options: {
      readonly cause?: unknown
      readonly issues?: readonly Issue[]
      readonly retryAfterSeconds?: number
    } = {},
  ) {
    super(message ?? code, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TallystickError'
    this.code = code
    this.issues = options.issues ?? []
    if (options.retryAfterSeconds !== undefined) this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** Works across duplicated installs, where `instanceof` does not. */
export function isTallystickError(value: unknown): value is TallystickError {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true
}
