import { TallystickError } from '@tallystick/core'
import { normaliseAgentId } from '@tallystick/core/event'
import { calculateMaxCost, type PriceBook } from '@tallystick/core/pricing'
import type { Lease } from '../state/lease.ts'
import { Members } from './members.ts'

/** What a lease is asked for. */
export interface LeaseTerms {
  /** Minted unless given. */
  readonly leaseId?: string
  readonly requestId: string
  readonly tenantId?: string
  readonly agentId?: string
  readonly apiKeyId?: string
  readonly userId?: string
  readonly provider?: string
  readonly model?: string
  readonly tags?: Readonly<Record<string, string>>
  /** What the request will cost at the most; absent: nobody knows. */
  readonly nanoUsd?: bigint
  readonly tokens?: bigint
  /** How long it takes room unless it ends earlier, ms. */
  readonly ttlMs: number
  /** Less will do. */
  readonly partial?: boolean
  /** A hard budget of a unit without a bound lets it pass as long as there is anything left, and it takes no room there. */
  readonly unboundedPasses?: boolean
}

export const DEFAULT_TTL_MS = 10 * 60_000
export const MIN_TTL_MS = 1_000
export const MAX_TTL_MS = 24 * 3_600_000
const MAX_TAGS = 64
const MEMBERS = [
  ...[
    'request_id',
    'tenant_id',
    'agent_id',
    'api_key_id',
    'user_id',
    'provider',
    'model',
    'tags',
    'nano_usd',
    'tokens',
  ],
  ...['input_tokens', 'max_output_tokens', 'ttl_ms', 'partial'],
]

/**
 * Reads what a lease is asked for. With `model`, `input_tokens` and, where it is limited, `max_output_tokens`, what is not
 * said of `nano_usd` and `tokens` is the most that such a request can be.
 *
 * @throws TallystickError with every problem in `issues`
 */
export function readTerms(value: unknown, prices: Pick<PriceBook, 'resolve'>, nowMs: number): LeaseTerms {
  const members = new Members(value, 'lease', MEMBERS)
  const requestId = members.text('request_id')
  if (!members.has('request_id')) members.missing('request_id', 'your own name for the request, e.g. a UUID')
  const agent = members.value('agent_id')
  const agentId = typeof agent === 'number' && Number.isSafeInteger(agent) ? String(agent) : members.text('agent_id')
  const who = {
    tenantId: members.text('tenant_id'),
    agentId: agentId === undefined ? undefined : normaliseAgentId(agentId),
    apiKeyId: members.text('api_key_id'),
    userId: members.text('user_id'),
    provider: members.text('provider'),
    model: members.text('model', 256),
    tags: readTags(members),
  }
  const most = mostOf(members, who, prices, nowMs)
  const nanoUsd = members.amount('nano_usd') ?? most.nanoUsd
  const tokens = members.amount('tokens') ?? most.tokens
  const ttlMs = members.integer('ttl_ms', MIN_TTL_MS, MAX_TTL_MS) ?? DEFAULT_TTL_MS
  const partial = members.flag('partial')
  if (!['nano_usd', 'tokens', 'input_tokens'].some((name) => members.has(name)))
    members.missing('nano_usd', 'what the request costs at the most; or `tokens`; or `model` and `input_tokens`')
  members.throwIfWrong()
  const said = Object.entries({ ...who, nanoUsd, tokens, partial }).filter(([, one]) => one !== undefined)
  return { requestId: requestId as string, ttlMs, ...(Object.fromEntries(said) as Partial<LeaseTerms>) }
}

function readTags(members: Members): Readonly<Record<string, string>> | undefined {
  const value = members.value('tags')
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return members.wrong('tags', 'invalid_type', 'must be an object of strings')
  const entries = Object.entries(value)
  if (entries.length > MAX_TAGS)
    return members.wrong('tags', 'too_many_entries', `must have at most ${MAX_TAGS} entries`)
  const tags: Record<string, string> = Object.create(null)
  for (const [key, one] of entries) {
    const text = members.textOf(`tags.${key.slice(0, 64)}`, one, 1024)
    if (members.textOf('tags', key, 128) !== undefined && text !== undefined) tags[key] = text
  }
  return tags
}

function mostOf(
  members: Members,
  { provider, model }: { readonly provider: string | undefined; readonly model: string | undefined },
  prices: Pick<PriceBook, 'resolve'>,
  nowMs: number,
): { readonly nanoUsd?: bigint; readonly tokens?: bigint } {
  const inputTokens = members.integer('input_tokens', 0, Number.MAX_SAFE_INTEGER)
  const maxOutputTokens = members.integer('max_output_tokens', 0, Number.MAX_SAFE_INTEGER)
  if (inputTokens === undefined) return {}
  if (model === undefined) {
    if (!members.has('model')) members.missing('model', 'whose price `input_tokens` are to be reckoned by')
    return {}
  }
  const price = prices.resolve(provider, model, nowMs)?.row
  const bounds = maxOutputTokens === undefined ? { inputTokens } : { inputTokens, maxOutputTokens }
  const cost = price === undefined ? undefined : calculateMaxCost(bounds, price)?.totalNanoUsd
  if (cost === undefined && !members.has('nano_usd'))
    members.missing('nano_usd', 'the model has no price, so nobody knows what it costs at the most')
  const output = maxOutputTokens ?? price?.maxOutputTokens
  return {
    ...(cost === undefined ? {} : { nanoUsd: BigInt(cost) }),
    ...(output === undefined ? {} : { tokens: BigInt(inputTokens) + BigInt(output) }),
  }
}

/**
 * Is the lease the one that these terms ask for?
 *
 * @throws TallystickError `request_conflict` when the request id was used for something else
 */
export function assertSame(lease: Lease, terms: LeaseTerms): void {
  const same =
    (lease.askedNanoUsd ?? (lease.unbounded === 'nano_usd' ? undefined : lease.reservedNanoUsd)) ===
      terms.nanoUsd?.toString() &&
    (lease.askedTokens ?? (lease.unbounded === 'tokens' ? undefined : lease.reservedTokens)) ===
      terms.tokens?.toString() &&
    lease.agentId === terms.agentId &&
    lease.apiKeyId === terms.apiKeyId &&
    lease.userId === terms.userId &&
    lease.provider === terms.provider &&
    lease.model === terms.model &&
    sameTags(lease.tags, terms.tags)
  if (same) return
  throw new TallystickError(
    'request_conflict',
    `The request id ${terms.requestId} was used for another lease (${lease.id}) with other amounts or for somebody else.`,
    { issues: [{ path: 'request_id', message: 'was used for another lease' }] },
  )
}

function sameTags(a: Lease['tags'] = {}, b: Lease['tags'] = {}): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
