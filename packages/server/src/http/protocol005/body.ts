import { nanoOfUsd } from '../../budget/definition.ts'
import { Members } from '../../budget/members.ts'
import { readJson } from '../handlers/query.ts'
import type { Call } from '../route.ts'

const NANO_PER_MICRO = 1_000n

/** A body of Protocol 005. Members that are not known are passed over, as its server did. */
export async function readMembers({ request, app }: Call, known: readonly string[]): Promise<Members> {
  const body = await readJson(request, app)
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
  const said = isObject ? Object.fromEntries(Object.entries(body).filter(([name]) => known.includes(name))) : body
  return new Members(said, 'request', known)
}

/** An amount as both spellings have it: integer micro-USD as implemented, USD as documented. Gives nano-USD. */
export function amountIn(
  members: Members,
  micros: string,
  dollars: readonly string[],
  mostMicros: bigint,
): bigint | undefined {
  const given = members.amount(micros)
  if (given !== undefined) return bounded(members, micros, given * NANO_PER_MICRO, mostMicros)
  for (const name of dollars) {
    const value = members.value(name)
    if (value === undefined) continue
    const nano = typeof value === 'number' || typeof value === 'string' ? usd(value) : undefined
    if (nano === undefined) return members.wrong(name, 'invalid_type', 'must be dollars of at least 0, such as 2.5')
    return bounded(members, name, nano, mostMicros)
  }
  return undefined
}

function bounded(members: Members, name: string, nano: bigint, mostMicros: bigint): bigint | undefined {
  if (nano <= mostMicros * NANO_PER_MICRO) return nano
  return members.wrong(name, 'out_of_range', `must be at most ${mostMicros} micro-USD`)
}

/** A float of dollars is what its author wrote: the shortest decimal that names it, cut at a nano-dollar. */
function usd(value: number | string): bigint | undefined {
  if (typeof value === 'string') return nanoOfUsd(value)
  return Number.isFinite(value) && value >= 0 && value < 1e15 ? nanoOfUsd(value.toFixed(9)) : undefined
}

/** An amount in both spellings, e.g. `budget_granted` and `budget_granted_usd`; null where there is none to tell. */
export function told(name: string, nano: bigint | undefined): Record<string, number | null> {
  if (nano === undefined) return { [name]: null, [`${name}_usd`]: null }
  // Rounded down: what is told can be spent.
  return { [name]: Number(nano / NANO_PER_MICRO), [`${name}_usd`]: Number(nano) / 1e9 }
}

/** Of the leases of this protocol: only their ids cannot be guessed. */
export const LEASE_PREFIX = 'lease_'
