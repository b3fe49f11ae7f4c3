import { at, less, type NormalizedUsage, plus, UsageBuilder } from './normalized.ts'
import { usageObject } from './openai-chat.ts'

/**
 * Usage of Anthropic's messages. Its `input_tokens` exclude cache reads and writes, so they are added; output includes
 * thinking. Figures of a stream are cumulative: hand over the last, merged over `message_start`.
 *
 * Beside the totals may stand the figures of each turn (`iterations`). What the totals leave out of them is billed all the same and
 * is added: compactions, and advice of the same model. Advice of another model has another price, and an event has one: it is left
 * out and named in `anomalies`, so that nobody takes the rest for all of it.
 *
 * @example
 * usageFromAnthropic({ usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 5 } })?.fields.inputTokens // 100
 * @example
 * const iterations = [{ type: 'compaction', input_tokens: 180, output_tokens: 35 }]
 * usageFromAnthropic({ usage: { input_tokens: 23, output_tokens: 10, iterations } })?.fields.inputTokens // 203
 */
export function usageFromAnthropic(body: unknown): NormalizedUsage | undefined {
  const message = at(body, 'message') ?? body
  const usage = usageObject(message)
  const { added, servedBy, anomalies } = turnsOf(usage, at(message, 'model'))
  const builder = new UsageBuilder(added.length === 0 ? 'anthropic.messages' : 'anthropic.iterations')
  const counts = countsOf(usage, builder)
  for (const turn of added) {
    const more = countsOf(turn, builder)
    for (const name of COUNTS) counts[name] = plus(counts[name], more[name])
  }
  builder.anomalies.push(...anomalies)
  return builder
    .set('inputTokens', plus(counts.fresh, counts.read, counts.short, counts.long))
    .set('cacheReadTokens', counts.read)
    .set('cacheWriteTokens', counts.short)
    .set('cacheWrite1hTokens', counts.long)
    .set('outputTokens', counts.output)
    .set('reasoningTokens', builder.count(usage, 'output_tokens_details', 'thinking_tokens'))
    .unit('web_searches', builder.count(usage, 'server_tool_use', 'web_search_requests'))
    .text('serviceTier', at(usage, 'service_tier'))
    .text('responseModel', servedBy ?? at(message, 'model'))
    .text('finishReason', at(message, 'stop_reason'))
    .build()
}

const COUNTS = ['fresh', 'read', 'short', 'long', 'output'] as const

/** Of the whole answer, or of one turn of it. */
function countsOf(usage: unknown, builder: UsageBuilder): Record<(typeof COUNTS)[number], number | undefined> {
  const created = builder.count(usage, 'cache_creation_input_tokens')
  const long = builder.count(usage, 'cache_creation', 'ephemeral_1h_input_tokens')
  return {
    fresh: builder.count(usage, 'input_tokens'),
    read: builder.count(usage, 'cache_read_input_tokens'),
    short: builder.count(usage, 'cache_creation', 'ephemeral_5m_input_tokens') ?? less(created, long),
    long,
    output: builder.count(usage, 'output_tokens'),
  }
}

/** What the turns of an answer tell beyond its totals. */
interface Turns {
  /** What the totals leave out, as far as it is billed at the price of the model that answered. */
  readonly added: readonly unknown[]
  /** The model that answered in the end, where the one first asked declined. */
  readonly servedBy?: unknown
  /** What they leave out beyond that, or may, in words. */
  readonly anomalies: readonly string[]
}

function turnsOf(usage: unknown, asked: unknown): Turns {
  const iterations = at(usage, 'iterations')
  if (!Array.isArray(iterations)) return { added: [], anomalies: [] }
  const servedBy = at(
    iterations.findLast((turn) => at(turn, 'type') === 'fallback_message'),
    'model',
  )
  const added: unknown[] = []
  const anomalies: string[] = []
  for (const turn of iterations as readonly unknown[]) {
    const model = at(turn, 'model')
    switch (at(turn, 'type')) {
      case 'compaction':
        added.push(turn)
        if (isOther(servedBy, asked)) anomalies.push('a compaction may be of another model')
        break
      case 'advisor_message':
        if (isSame(model, servedBy ?? asked)) added.push(turn)
        else anomalies.push('advice of another model is left out')
        break
      case 'message':
      case 'fallback_message':
        // The turn of a model that declined; before it said anything that is not billed.
        if (isOther(model, servedBy ?? asked) && at(turn, 'output_tokens') !== 0)
          anomalies.push('a turn is of another model')
        break
      default:
        anomalies.push('a turn is of a type that is not known')
    }
  }
  return { added, anomalies, servedBy }
}

const isSame = (one: unknown, other: unknown): boolean =>
  typeof one === 'string' && typeof other === 'string' && withoutDay(one) === withoutDay(other)
const isOther = (one: unknown, other: unknown): boolean =>
  typeof one === 'string' && typeof other === 'string' && withoutDay(one) !== withoutDay(other)

/** The same model may be named with the day of its release or without. */
const withoutDay = (model: string): string => model.replace(/-\d{8}$/, '')
