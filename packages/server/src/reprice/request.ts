import { TallystickError } from '@tallystick/core'
import { parseQuery, type Query } from '@tallystick/core/query'

/** Which events are priced anew. */
export interface RepriceRequest {
  readonly model: string | undefined
  readonly provider: string | undefined
  /** Compare only. */
  readonly dryRun: boolean
  /** Counts those events by day of its zone. */
  readonly query: Query
}

const MEMBERS: readonly string[] = ['from', 'to', 'model', 'provider', 'time_zone', 'dry_run']

/**
 * Reads what is asked: `from` and `to` as a query has them, both required, and maybe `model`, `provider`, `time_zone`, `dry_run`.
 *
 * @throws TallystickError `invalid_query`
 */
export function readRepriceRequest(body: unknown, nowMs: number): RepriceRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('', 'must be a JSON object')
  const members = new Map(Object.entries(body).filter(([, value]) => value !== null))
  for (const name of members.keys()) if (!MEMBERS.includes(name)) throw wrong(name.slice(0, 64), 'is no member of this')
  for (const name of ['from', 'to']) if (!members.has(name)) throw wrong(name, 'is missing: an instant')
  const dryRun = members.get('dry_run') ?? false
  if (typeof dryRun !== 'boolean') throw wrong('dry_run', 'must be true or false')
  const named = (name: string): string | undefined => {
    const value = members.get(name)
    if (value === undefined || (typeof value === 'string' && value !== '')) return value as string | undefined
    throw wrong(name, 'must be a name')
  }
  const [model, provider] = [named('model'), named('provider')]
  const query = parseQuery(
    {
      from: members.get('from'),
      to: members.get('to'),
      measures: ['requests'],
      interval: '1d',
      ...(members.has('time_zone') ? { time_zone: members.get('time_zone') } : {}),
      filters: {
        kind: ['llm_request_completed', 'llm_request_failed'],
        ...(model === undefined ? {} : { model: [model] }),
        ...(provider === undefined ? {} : { provider: [provider] }),
      },
    },
    { nowMs },
  )
  return { model, provider, dryRun, query }
}

function wrong(path: string, message: string): TallystickError {
  const what = path === '' ? 'The body' : path
  return new TallystickError('invalid_query', `${what} ${message}.`, { issues: [{ path, message }] })
}
