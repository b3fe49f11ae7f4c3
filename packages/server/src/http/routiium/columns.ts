import { TallystickError } from '@tallystick/core'
import { NO_MODEL, nanoToMicros, type UsageEvent } from '@tallystick/core/event'
import type { CsvCell } from '../../format/csv.ts'

export interface Column {
  readonly name: string
  readonly cell: (event: UsageEvent) => CsvCell
}

const column = (name: string, cell: (event: UsageEvent) => CsvCell | undefined): Column => ({
  name,
  cell: (event) => cell(event) ?? null,
})

/**
 * THE table of columns: the thirteen of the dialect's first description, in its order, then what later ones added, then
 * ours. In columns of the dialect an unknown count is 0, as it always was there; in ours it is empty.
 */
export const COLUMNS: readonly Column[] = [
  column('id', (event) => event.eventId),
  column('timestamp', (event) => Math.floor(event.timestampMs / 1000)),
  column('endpoint', (event) => event.endpoint),
  column('method', (event) => event.method),
  column('model', (event) => (event.requestModel === NO_MODEL ? null : event.requestModel)),
  column('stream', (event) => event.stream ?? false),
  column('status_code', (event) => event.statusCode ?? 0),
  column('success', (event) => event.success ?? false),
  column('duration_ms', (event) => event.durationMs ?? 0),
  column('input_tokens', (event) => event.inputTokens ?? 0),
  column('output_tokens', (event) => event.outputTokens ?? 0),
  column('backend', (event) => event.backend),
  column('upstream_mode', (event) => event.upstreamMode),

  column('tokens_per_second', ({ outputTokens, durationMs }) =>
    outputTokens === undefined || !durationMs ? null : { digits: ((outputTokens / durationMs) * 1000).toFixed(2) },
  ),
  column('prompt_tokens', (event) => event.inputTokens ?? 0),
  column('completion_tokens', (event) => event.outputTokens ?? 0),
  column('cached_tokens', (event) => event.cacheReadTokens ?? 0),
  column('reasoning_tokens', (event) => event.reasoningTokens ?? 0),
  column('total_cost', (event) => usd(costOf(event))),
  column('ttfb_ms', (event) => event.ttfbMs),
  column('input_cost', (event) => usd(costOf(event) === undefined ? undefined : (event.costInputNanoUsd ?? 0))),
  column('output_cost', (event) => usd(costOf(event) === undefined ? undefined : (event.costOutputNanoUsd ?? 0))),
  column('cached_cost', (event) => usd(event.costCacheReadNanoUsd)),
  column('api_key_id', (event) => event.apiKeyId),
  column('api_key_label', (event) => event.apiKeyLabel),

  column('cost_nano_usd', (event) => event.costNanoUsd),
  column('cost_basis', (event) => event.costBasis),
  column('timestamp_ms', (event) => event.timestampMs),
  column('provider', (event) => event.provider),
  column('response_model', (event) => event.responseModel),
  column('tenant_id', (event) => event.tenantId),
  column('agent_id', (event) => event.agentId),
  column('user_id', (event) => event.userId),
  column('session_id', (event) => event.sessionId),
  column('error_type', (event) => event.errorType),
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
