import { isTallystickError, TallystickError } from '@tallystick/core'
import type { RequestFacts, Target } from '@tallystick/core/capture'
import { type Clock, encodeWireEvent } from '@tallystick/core/event'
import { calculateMaxCost, DEFAULT_MAX_OUTPUT_TOKENS, type PriceBook } from '@tallystick/core/pricing'
import type { Provider } from '@tallystick/core/provider'
import type { LeaseTerms } from '../budget/lease-terms.ts'
import type { Leases } from '../budget/leases.ts'
import { BudgetExceeded } from '../budget/refusal.ts'
import type { Lease } from '../state/lease.ts'
import type { ClientNames } from './names.ts'
import type { ProxyCaller, RecordedEvent } from './recorder.ts'

/** Takes room in budgets before a request goes out. */
export interface BudgetGate {
  /**
   * @throws TallystickError `budget_exceeded` (402) when what is left is not enough, `budget_reserved` (429) when it would be but
   *   for requests under way, and what `Leases.reserve` throws: a budget that cannot be looked at is not spent from
   */
  reserve(asked: GateRequest): Promise<Held>
  /**
   * Of a request that is not known to be free, and whose cost nobody can tell: a hard budget would be got round by it.
   *
   * @throws TallystickError `budget_exceeded` where it may count in a hard budget, used up or not
   */
  assertUnlimited(asked: UnknownRequest): void
}

/** To a path that is in no table. */
export interface UnknownRequest extends Pick<GateRequest, 'names' | 'caller'> {
  readonly method: string
  readonly pathname: string
  readonly provider: Provider | undefined
}

export interface GateRequest {
  readonly target: Target
  readonly facts: RequestFacts
  readonly bodyBytes: number
  readonly names: ClientNames & { readonly apiKeyId?: string }
  readonly caller: ProxyCaller
}

/** Room for one request. */
export interface Held {
  /** The request is over, and this is what became of it: its event is counted, and the room given back in the same moment. */
  settle(event: RecordedEvent): Promise<void>
}

export interface BudgetGateOptions {
  readonly leases: Leases
  readonly prices: Pick<PriceBook, 'resolve'>
  readonly clock: Clock
  readonly mintId: () => string
}

/** As long as the longest answer may take. */
const TTL_MS = 3_600_000
const BYTES_PER_TOKEN = 4
/** What a token of a streamed answer takes with its wrapping, as far as that can be said of all providers. */
const STREAMED_BYTES_PER_TOKEN = 200

export function createBudgetGate({ leases, prices, clock, mintId }: BudgetGateOptions): BudgetGate {
  return {
    async reserve(asked) {
      const terms = termsOf(asked, prices, clock.now(), mintId())
      const lease = await leases.reserve(terms).catch((error: unknown) => {
        throw refused(error, terms)
      })
      return { settle: (event) => settle(leases, lease, withEstimate(event, asked), asked.caller) }
    },
    assertUnlimited({ method, pathname, provider, names, caller }) {
      const budget = leases.hardBudgetOf({ ...whoseOf(names, caller), ...(provider === undefined ? {} : { provider }) })
      if (budget === undefined) return
      throw new TallystickError(
        'budget_exceeded',
        `Nobody can say what ${method} ${pathname.slice(0, 128)} costs at the most, and the hard budget "${budget.name}" (${budget.id}) does not let it pass. Make that budget soft, or send the request where no hard budget counts.`,
      )
    },
  }
}

/** The most that it can be: no token is shorter than a byte, and every answer may be as long as it is allowed to. */
function termsOf(
  { target, facts, bodyBytes, names, caller }: GateRequest,
  prices: Pick<PriceBook, 'resolve'>,
  nowMs: number,
  requestId: string,
): LeaseTerms {
  const model = facts.model ?? target.model
  const row = model === undefined ? undefined : prices.resolve(target.provider, model, nowMs)?.row
  const each = Math.min(
    facts.maxOutputTokens ?? Number.POSITIVE_INFINITY,
    row?.maxOutputTokens ?? Math.max(DEFAULT_MAX_OUTPUT_TOKENS, facts.maxOutputTokens ?? 0),
  )
  const output = Math.min(Number.MAX_SAFE_INTEGER - bodyBytes, each * Math.max(1, facts.answers ?? 1))
  const cost =
    row === undefined
      ? undefined
      : calculateMaxCost(
          { inputTokens: bodyBytes, maxOutputTokens: output },
          { ...row, maxOutputTokens: output },
          facts.serviceTier === undefined ? {} : { serviceTier: facts.serviceTier },
        )?.totalNanoUsd
  return {
    requestId,
    ttlMs: TTL_MS,
    tokens: BigInt(bodyBytes) + BigInt(output),
    ...(cost === undefined ? {} : { nanoUsd: BigInt(cost) }),
    ...whoseOf(names, caller),
    ...(target.provider === undefined ? {} : { provider: target.provider }),
    ...(model === undefined ? {} : { model }),
  }
}

/** Whose request it is, as budgets count. */
function whoseOf(
  { agentId, userId, apiKeyId, tags }: GateRequest['names'],
  { principal, observed }: ProxyCaller,
): Pick<LeaseTerms, 'tenantId' | 'agentId' | 'apiKeyId' | 'userId' | 'tags'> {
  const tenantId = principal?.tenantId ?? undefined
  const keyId = apiKeyId ?? observed?.apiKeyId
  const owner = principal?.agentId ?? agentId
  return {
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(owner === undefined ? {} : { agentId: owner }),
    ...(keyId === undefined ? {} : { apiKeyId: keyId }),
    ...(userId === undefined ? {} : { userId }),
    ...(tags === undefined ? {} : { tags }),
  }
}

/** Room that requests under way hold comes back soon; what is spent does not. */
function refused(error: unknown, { nanoUsd, tokens, model = 'no name' }: LeaseTerms): unknown {
  // A hard budget that let pass what nobody can reckon would be got round by a model's other name.
  if (isTallystickError(error) && error.code === 'missing_field')
    return new TallystickError(
      'budget_exceeded',
      `The model ${JSON.stringify(model.slice(0, 128))} has no price, so nobody knows what the request costs at the most, and a hard budget does not let it pass. Give the model a price in prices.files.`,
    )
  if (!(error instanceof BudgetExceeded)) return error
  const { unit, amount, spent, reserved, name, budgetId } = error.refusal
  const asked = (unit === 'nano_usd' ? nanoUsd : tokens) ?? 1n
  if (reserved === 0n || amount - spent < asked) return error
  return new TallystickError(
    'budget_reserved',
    `What is left of the budget "${name}" (${budgetId}) is held for requests under way.`,
    { retryAfterSeconds: 1 },
  )
}

async function settle(leases: Leases, lease: Lease, event: RecordedEvent, { observed }: ProxyCaller): Promise<void> {
  const { event_id: eventId, ...item } = encodeWireEvent(event)
  const usage = { event: item, ...(observed === undefined ? {} : { observed }) }
  // The provider's own id of the answer, by which the exchange is known that an application has recorded too.
  if (typeof eventId !== 'string') {
    await leases.settle(lease, usage)
    return
  }
  try {
    await leases.report(lease, { ...usage, eventId })
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'request_conflict') throw error
  }
  await leases.giveBack(lease)
}

/**
 * Of an answer that broke off before it told its usage, what it has used as far as that can be reckoned from its length: whoever
 * always leaves before the end would spend nothing otherwise.
 */
function withEstimate(event: RecordedEvent, { bodyBytes, facts }: GateRequest): RecordedEvent {
  const { usageBasis, statusCode = 0, responseBytes = 0, stream, inputTokens, outputTokens = 0 } = event
  if (usageBasis === 'measured' || statusCode < 200 || statusCode >= 300) return event
  const said = Math.ceil(responseBytes / (stream === true ? STREAMED_BYTES_PER_TOKEN : BYTES_PER_TOKEN))
  return {
    ...event,
    usageBasis: 'estimated',
    inputTokens: inputTokens ?? Math.ceil(bodyBytes / BYTES_PER_TOKEN),
    // What it told before it broke off was where it stood then.
    outputTokens: Math.max(outputTokens, Math.min(said, facts.maxOutputTokens ?? said)),
  }
}
