import { TallystickError } from '@tallystick/core'
import { type FieldName, NO_MODEL, nanoToMicros, type UsageEvent } from '@tallystick/core/event'
import type { CsvCell } from '../../format/csv.ts'

export interface Column {
  readonly name: string
  /** Members of the event that the cell is made of. */
  readonly fields: readonly FieldName[]
  readonly cell: (event: UsageEvent) => CsvCell
}

const column = (
  name: string,
  fields: FieldName | readonly FieldName[],
  cell: (event: UsageEvent) => CsvCell | undefined,
): Column => ({
  name,
  fields: typeof fields === 'string' ? [fields] : fields,
  cell: (event) => cell(event) ?? null,
})

const COST: readonly FieldName[] = ['costNanoUsd', 'costReportedNanoUsd']

/**
 * THE table of columns: the thirteen of the dialect's first description, in its order, then what later ones added, then
 * ours. In columns of the dialect an unknown count is 0, as it always was there; in ours it is empty.
 */
export const COLUMNS: readonly Column[] = [
  column('id', 'eventId', (event) => event.eventId),
  column('timestamp', 'timestampMs', (event) => Math.floor(event.timestampMs / 1000)),
  column('endpoint', 'endpoint', (event) => event.endpoint),
  column('method', 'method', (event) => event.method),
  column('model', 'requestModel', (event) => (event.requestModel === NO_MODEL ? null : event.requestModel)),
  column('stream', 'stream', (event) => event.stream ?? false),
  column('status_code', 'statusCode', (event) => event.statusCode ?? 0),
  column('success', 'success', (event) => event.success ?? false),
  column('duration_ms', 'durationMs', (event) => event.durationMs ?? 0),
  column('input_tokens', 'inputTokens', (event) => event.inputTokens ?? 0),
  column('output_tokens', 'outputTokens', (event) => event.outputTokens ?? 0),
  column('backend', 'backend', (event) => event.backend),
  column('upstream_mode', 'upstreamMode', (event) => event.upstreamMode),

  column('tokens_per_second', ['outputTokens', 'durationMs'], ({ outputTokens, durationMs }) =>
    outputTokens === undefined || !durationMs ? null : { digits: ((outputTokens / durationMs) * 1000).toFixed(2) },
  ),
  column('prompt_tokens', 'inputTokens', (event) => event.inputTokens ?? 0),
  column('completion_tokens', 'outputTokens', (event) => event.outputTokens ?? 0),
  column('cached_tokens', 'cacheReadTokens', (event) => event.cacheReadTokens ?? 0),
  column('reasoning_tokens', 'reasoningTokens', (event) => event.reasoningTokens ?? 0),
  column('total_cost', COST, (event) => usd(costOf(event))),
  column('ttfb_ms', 'ttfbMs', (event) => event.ttfbMs),
  column('input_cost', [...COST, 'costInputNanoUsd'], (event) =>
    usd(costOf(event) === undefined ? undefined : (event.costInputNanoUsd ?? 0)),
  ),
  column('output_cost', [...COST, 'costOutputNanoUsd'], (event) =>
    usd(costOf(event) === undefined ? undefined : (event.costOutputNanoUsd ?? 0)),
  ),
  column('cached_cost', 'costCacheReadNanoUsd', (event) => usd(event.costCacheReadNanoUsd)),
  column('api_key_id', 'apiKeyId', (event) => event.apiKeyId),
  column('api_key_label', 'apiKeyLabel', (event) => event.apiKeyLabel),

  column('cost_nano_usd', 'costNanoUsd', (event) => event.costNanoUsd),
  column('cost_basis', 'costBasis', (event) => event.costBasis),
  column('timestamp_ms', 'timestampMs', (event) => event.timestampMs),
  column('provider', 'provider', (event) => event.provider),
  column('response_model', 'responseModel', (event) => event.responseModel),
  column('tenant_id', 'tenantId', (event) => event.tenantId),
  column('agent_id', 'agentId', (event) => event.agentId),
  column('user_id', 'userId', (event) => event.userId),
  column('session_id', 'sessionId', (event) => event.sessionId),
  column('error_type', 'errorType', (event) => event.errorType),
]

const COLUMN_OF: ReadonlyMap<string, Column> = new Map(COLUMNS.map((entry) => [entry.name, entry]))

const upTo = (name: string): readonly string[] =>
  COLUMNS.slice(0, COLUMNS.findIndex((entry) => entry.name === name) + 1).map((entry) => entry.name)

/** THE table of column sets that the dialect's descriptions list. */
export const PRESETS: ReadonlyMap<string, readonly string[]> = new Map([
  ['seed', upTo('upstream_mode')],
  [
    'code',
    [
      ...upTo('duration_ms'),
      'tokens_per_second',
      'prompt_tokens',
      'completion_tokens',
      'cached_tokens',
      'reasoning_tokens',
      'total_cost',
      'backend',
      'upstream_mode',
    ],
  ],
  [
    'current',
    [
      ...upTo('duration_ms'),
      'tokens_per_second',
      'input_tokens',
      'output_tokens',
      'cached_tokens',
      'reasoning_tokens',
      'total_cost',
      'backend',
      'upstream_mode',
      'ttfb_ms',
      'input_cost',
      'output_cost',
      'cached_cost',
      'api_key_id',
      'api_key_label',
    ],
  ],
])

/**
 * The columns that `columns` names: columns and column sets, in that order, separated by commas; all of them without it.
 *
 * @throws TallystickError `invalid_query` for a name that is neither
 * @example columnsOf(new URLSearchParams('columns=seed,cost_nano_usd')).length // 14
 */
export function columnsOf(parameters: URLSearchParams): readonly Column[] {
  const given = parameters.getAll('columns')
  if (given.length === 0) return COLUMNS
  const names = given.join(',').split(',', MAX_NAMES + 1)
  if (names.length > MAX_NAMES) throw invalid(`columns names more than ${MAX_NAMES}.`)
  return names.flatMap((name) => PRESETS.get(name) ?? [name]).map((name) => COLUMN_OF.get(name) ?? unknown(name))
}

const MAX_NAMES = 100

function unknown(name: string): never {
  throw invalid(
    `columns names ${JSON.stringify(name.slice(0, 64))}; there are the sets ${[...PRESETS.keys()].join(', ')} and the columns ${[...COLUMN_OF.keys()].join(', ')}.`,
  )
}

const invalid = (message: string): TallystickError =>
  new TallystickError('invalid_query', message, { issues: [{ path: 'columns', message }] })

const costOf = (event: UsageEvent): number | undefined => event.costNanoUsd ?? event.costReportedNanoUsd

const MICRO_DIGITS = 6

/** Dollars with six decimals; what costs less than half a micro-dollar is 0.000000, and exact in `cost_nano_usd`. */
function usd(nanoUsd: number | undefined): CsvCell {
  if (nanoUsd === undefined) return null
  const digits = String(nanoToMicros(nanoUsd)).padStart(MICRO_DIGITS + 1, '0')
  return { digits: `${digits.slice(0, -MICRO_DIGITS)}.${digits.slice(-MICRO_DIGITS)}` }
}
