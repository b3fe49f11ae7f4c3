import fc from 'fast-check'
import type { EventKind, JsonValue, UsageEvent } from '../event.ts'
import { EVENT_KINDS } from '../fields.ts'

/** What {@link arbitraryEvent} may generate. */
export interface ArbitraryEventOptions {
  /** Instants are in `[fromMs, toMs)`; by default the week from 2026-11-01. */
  readonly fromMs?: number
  readonly toMs?: number
  readonly kinds?: readonly EventKind[]
  /**
   * `priced` (default): every money member as it stands behind the price book. `sent`: only what a client may say, so
   * that decoding the encoded event gives the event back.
   */
  readonly money?: 'priced' | 'sent'
  /** `mixed` (default): about one string in six is hostile. `plain`: none is. */
  readonly text?: 'mixed' | 'plain'
}

/** Week of generated instants: 2026-11-01 to 2026-11-08 UTC. */
export const ARBITRARY_FROM_MS = 1_793_491_200_000
export const ARBITRARY_TO_MS = ARBITRARY_FROM_MS + 7 * 86_400_000

/** Text that trips code which joins, quotes, looks up or prints carelessly. All of it is valid and must survive. */
export const HOSTILE_TEXTS: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'true',
  '0x10',
  ' padded ',
  'a,b;c|d',
  'a:b/c-d_e.f',
  'say "hi"',
  "O'Brien'--",
  'back\\slash',
  'new\nline\r\n\ttab',
  '\u0001\u001b[31mred',
  '=SUM(A1:A2)',
  '%_*?[x]',
  '</script><b>',
  '\u2028\u2029',
  '\ufeffbom',
  '\u202eright to left',
  'na\u00efve',
  'nai\u0308ve',
  '\u6a21\u578b',
  '\ud83d\ude42\ud83c\udffd',
  '\u0661\u0662\u0663',
  '\uffff\ufffe',
]

/** Well-formed Unicode without NUL, 1 to `maxBytes` bytes of UTF-8, never all digits. */
export function arbitraryText(maxBytes: number): fc.Arbitrary<string> {
  return fc
    .oneof(
      fc.constantFrom(...HOSTILE_TEXTS),
      fc.string({ unit: 'binary', minLength: 1, maxLength: Math.min(40, maxBytes) }),
    )
    .filter((text) => text.length * 3 <= maxBytes && !text.includes('\0') && !/^\d+$/.test(text))
}

/** A valid event, complete enough for any codec, engine or query. Small pools of names, so that groups collide. */
export function arbitraryEvent(options: ArbitraryEventOptions = {}): fc.Arbitrary<UsageEvent> {
  const { fromMs = ARBITRARY_FROM_MS, toMs = ARBITRARY_TO_MS, kinds = EVENT_KINDS, money = 'priced' } = options
  const hostile = (options.text ?? 'mixed') === 'mixed'

  const name = (maxBytes: number, ...pool: string[]): fc.Arbitrary<string> =>
    hostile
      ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...pool) }, { weight: 1, arbitrary: arbitraryText(maxBytes) })
      : fc.constantFrom(...pool)

  const identity = record({
    sourceId: name(128, 'gateway-1', 'gateway-2', 'laptop'),
    epoch: fc.integer({ min: 0, max: 5 }),
    seq: fc.nat(1_000_000),
  })
  const who = record({
    tenantId: name(128, 'acme', 'globex'),
    agentId: name(128, 'agent_1', 'agent_2', 'agent_42', 'support-bot'),
    userId: name(256, 'u-1', 'u-2', 'u-3', 'u-4', 'u-5'),
    sessionId: name(256, 's-1', 's-2', 's-3'),
    apiKeyId: name(128, 'key_a', 'key_b'),
    apiKeyLabel: name(256, 'production', 'staging'),
    authMethod: fc.constantFrom('bearer', 'jwt'),
    authenticated: fc.boolean(),
    clientIp: fc.constantFrom('192.0.2.1', '2001:db8::1'),
    userAgent: name(512, 'curl/8.5.0', 'openai-node/6.1'),
  })
  const what = record({
    provider: name(64, 'openai', 'anthropic', 'google', 'aws.bedrock'),
    providerId: name(128, 'ip_openai-main_001', 'ip_anthropic-main_001'),
    responseModel: name(256, 'gpt-4o-2024-11-20', 'claude-sonnet-4-5-20250929'),
    operation: fc.constantFrom('chat', 'responses', 'embeddings'),
    endpoint: name(512, '/v1/chat/completions', '/v1/responses'),
    method: fc.constantFrom('POST', 'GET'),
    stream: fc.boolean(),
    serviceTier: fc.constantFrom('default', 'batch', 'priority'),
    messageCount: fc.nat(200),
    requestBytes: fc.nat(5_000_000),
    responseBytes: fc.nat(5_000_000),
  })
  const outcome = record({
    statusCode: fc.constantFrom(200, 200, 200, 201, 400, 401, 429, 500, 502, 529),
    errorType: name(128, 'rate_limit_error', 'timeout'),
    errorCode: name(128, 'rate_limit_exceeded', '529'),
    errorMessage: name(1024, 'Rate limit reached', 'upstream timed out'),
    finishReason: fc.constantFrom('stop', 'length', 'tool_calls'),
    aborted: fc.boolean(),
  })
  const time = record({ durationMs: milliseconds, ttfbMs: milliseconds, upstreamDurationMs: milliseconds })
  const routing = record({
    backend: name(128, 'openai', 'local', 'nvidia_qwen'),
    upstreamMode: fc.constantFrom('chat', 'responses'),
    mcpEnabled: fc.boolean(),
    mcpServers: fc.array(name(128, 'files', 'search', 'git'), { minLength: 1, maxLength: 3 }),
    systemPromptApplied: fc.boolean(),
    routingMethod: name(128, 'rule_based', 'capability'),
    routingConfidence: fc.oneof(
      fc.constantFrom(0, 1, 0.5),
      fc.double({ min: 0, max: 1, noNaN: true }).map(positiveZero),
    ),
    toolName: name(256, 'review', 'ask', 'spawn_subagent'),
    cacheTier: fc.constantFrom('l1', 'l2'),
    cacheHit: fc.boolean(),
    operationId: name(128, 'op-1', 'op-2', 'op-3'),
    attempt: fc.integer({ min: 1, max: 4 }),
  })
  const trace = record({
    traceId: fc.constantFrom('4bf92f3577b34da6a3ce929d0e0e4736', '0af7651916cd43dd8448eb211c80319c'),
    spanId: fc.constantFrom('00f067aa0ba902b7', 'b7ad6b7169203331'),
    promptChars: fc.nat(1_000_000),
    responseChars: fc.nat(1_000_000),
    tags: map(
      name(128, 'team', 'env', 'feature'),
      hostile ? fc.oneof(fc.constant(''), name(1024, 'search', 'ads')) : name(1024, 'search', 'ads'),
    ),
  })
  const detail = map(name(128, 'region', 'note', 'weight'), hostile ? json : fc.constantFrom('eu', 1, true))

  return fc
    .record({
      eventId: fc.oneof(
        { weight: 4, arbitrary: fc.uuid({ version: 7 }) },
        { weight: 1, arbitrary: hostile ? arbitraryText(128) : fc.uuid() },
      ),
      timestampMs: fc.integer({ min: fromMs, max: toMs - 1 }),
      kind: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...kinds) },
        {
          weight: 16,
          arbitrary: fc.constantFrom(
            ...(kinds.includes('llm_request_completed') ? (['llm_request_completed'] as const) : kinds),
          ),
        },
      ),
      model: name(256, 'gpt-4o', 'gpt-4o-mini', 'claude-sonnet-4-5', 'gemini-2.5-flash', 'no-such-model'),
      tool: name(256, 'review', 'ask'),
      flag: fc.boolean(),
      groups: fc.tuple(identity, who, what, outcome, arbitraryUsage, time, routing, trace),
      basis: fc.constantFrom('measured', 'estimated', 'unknown'),
      costs: arbitraryMoney(money),
      detail: fc.option(detail, { freq: 4, nil: undefined }),
      amounts: fc.tuple(amount, amount, fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 65_535 })),
    })
    .map((part): UsageEvent => {
      const [who1, who2, what1, outcome1, usage1, time1, routing1, trace1] = part.groups
      const llm = part.kind === 'llm_request_completed' || part.kind === 'llm_request_failed'
      const required = requiredDetail(part.kind, part.amounts)
      const merged = required || part.detail ? { detail: { ...part.detail, ...required } } : {}
      return {
        eventId: part.eventId,
        timestampMs: part.timestampMs,
        kind: part.kind,
        ...who1,
        ...who2,
        ...what1,
        ...(llm ? { requestModel: part.model, success: part.kind === 'llm_request_completed' && part.flag } : {}),
        ...outcome1,
        ...(llm ? { ...usage1, usageBasis: part.basis } : {}),
        ...(llm || part.flag ? part.costs : {}),
        ...time1,
        ...routing1,
        ...(part.kind === 'tool_invocation' ? { toolName: part.tool, success: part.flag } : {}),
        ...trace1,
        ...merged,
      } as UsageEvent
    })
}

/** Token counts that agree with each other: subsets fit their total, a bare total stands alone. */
export const arbitraryUsage: fc.Arbitrary<Partial<UsageEvent>> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.nat(100_000).map((totalTokens) => ({ totalTokens })) },
  {
    weight: 1,
    arbitrary: map(fc.constantFrom('web_searches', 'images', '__proto__'), fc.integer({ min: 0, max: 50 }), 3).map(
      (units) => ({ units }),
    ),
  },
  {
    weight: 10,
    arbitrary: fc
      .record({ counts: fc.array(tokens(), { minLength: 8, maxLength: 8 }), mask: fc.nat(255) })
      .map(usageOf),
  },
)

function usageOf({ counts, mask }: { readonly counts: readonly number[]; readonly mask: number }): Partial<UsageEvent> {
  const [fresh = 0, read = 0, write = 0, write1h = 0, plain = 0, reasoning = 0, inputAudio = 0, outputAudio = 0] =
    counts
  const has = (bit: number): boolean => (mask & (1 << bit)) !== 0
  return {
    inputTokens:
      fresh + (has(0) ? read : 0) + (has(1) ? write : 0) + (has(2) ? write1h : 0) + (has(4) ? inputAudio : 0),
    ...(has(0) ? { cacheReadTokens: read } : {}),
    ...(has(1) ? { cacheWriteTokens: write } : {}),
    ...(has(2) ? { cacheWrite1hTokens: write1h } : {}),
    outputTokens: plain + (has(3) ? reasoning : 0) + (has(5) ? outputAudio : 0),
    ...(has(3) ? { reasoningTokens: reasoning } : {}),
    ...(has(4) ? { inputAudioTokens: inputAudio } : {}),
    ...(has(4) && has(6) ? { inputImageTokens: fresh } : {}),
    ...(has(5) ? { outputAudioTokens: outputAudio } : {}),
    ...(has(5) && has(7) ? { outputImageTokens: plain } : {}),
    ...(has(6) ? { units: { web_searches: write % 7 } } : {}),
    ...(has(7) ? { usageConvention: 'openai.chat' } : {}),
  }
}

/** Money as the price book leaves it, or only what a client may send. Parts add up to the list cost. */
function arbitraryMoney(money: 'priced' | 'sent'): fc.Arbitrary<Partial<UsageEvent>> {
  const reported = fc.record({ cost: amount, costBasis: fc.constantFrom('client', 'provider') })
  if (money === 'sent') {
    return fc
      .option(reported, { freq: 3, nil: undefined })
      .map((said) =>
        said ? ({ costReportedNanoUsd: said.cost, costBasis: said.costBasis } as Partial<UsageEvent>) : {},
      )
  }
  const parts = fc
    .array(amount, { minLength: 6, maxLength: 6 })
    .map(([input = 0, read = 0, write = 0, output = 0, units = 0, saved = 0]) => ({
      costInputNanoUsd: input,
      costCacheReadNanoUsd: read,
      costCacheWriteNanoUsd: write,
      costOutputNanoUsd: output,
      costUnitsNanoUsd: units,
      cacheSavingsNanoUsd: saved,
      costListNanoUsd: input + read + write + output + units,
      priceId: '2026-11-01/openai/gpt-4o/0',
    }))
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant({ costBasis: 'unpriced' as const }) },
    {
      weight: 6,
      arbitrary: fc
        .tuple(parts, fc.constantFrom('catalogue' as const, 'override' as const))
        .map(([list, costBasis]) => ({ costNanoUsd: list.costListNanoUsd, ...list, costBasis })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.option(parts, { nil: undefined }), reported).map(([list, said]) => ({
        costNanoUsd: said.cost,
        ...list,
        costReportedNanoUsd: said.cost,
        costBasis: said.costBasis as 'client' | 'provider',
      })),
    },
  )
}

function requiredDetail(
  kind: EventKind,
  amounts: readonly [number, number, number, number],
): Record<string, number> | undefined {
  const [first, second, percent, port] = amounts
  switch (kind) {
    case 'router_started':
      return { port }
    case 'router_stopped':
      return { total_requests: first, total_cost_micros: second }
    case 'budget_threshold_reached':
      return { threshold_percent: percent, current_spend_micros: first, budget_micros: second }
    default:
      return undefined
  }
}

// Function declarations, since the arbitraries above are built while this module loads.

/** Mostly small; at times so large that a few of them leave 2^53 while input + output of one event does not. */
function tokens(): fc.Arbitrary<number> {
  return fc.oneof({ weight: 20, arbitrary: fc.nat(20_000) }, { weight: 1, arbitrary: fc.nat(2 ** 49) })
}

const amount: fc.Arbitrary<number> = fc.oneof(
  { weight: 20, arbitrary: fc.nat(50_000_000) },
  { weight: 1, arbitrary: fc.maxSafeNat().map((n) => n % 2 ** 50) },
)

const milliseconds: fc.Arbitrary<number> = fc.oneof(
  { weight: 20, arbitrary: fc.nat(60_000) },
  { weight: 1, arbitrary: fc.nat(2 ** 31 - 1) },
)

const json: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.boolean(),
  fc.integer(),
  fc.constantFrom(null, '', 'eu', '__proto__', 0.25, -1),
  fc.constantFrom<JsonValue>([1, 'two', null], { nested: { deep: [true] } }, []),
)

function positiveZero(value: number): number {
  return value + 0
}

/** Members of `arbitraries`, each present in about two of three. */
function record(arbitraries: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Partial<UsageEvent>> {
  const keys = Object.keys(arbitraries)
  return fc
    .tuple(
      fc.tuple(...Object.values(arbitraries)),
      fc.array(fc.nat(2), { minLength: keys.length, maxLength: keys.length }),
    )
    .map(([values, present]) =>
      Object.fromEntries(keys.flatMap((key, index) => (present[index] === 0 ? [] : [[key, values[index]]]))),
    )
}

/** A non-empty map whose every key, `__proto__` too, is an own member. */
function map<T>(key: fc.Arbitrary<string>, value: fc.Arbitrary<T>, maxKeys = 4): fc.Arbitrary<Record<string, T>> {
  return fc
    .array(fc.tuple(key, value), { minLength: 1, maxLength: maxKeys })
    .map((entries) => Object.fromEntries(entries))
}
