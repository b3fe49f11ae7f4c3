import { usdToNano } from '../event/units.ts'
import { at, type NormalizedUsage, UsageBuilder } from './normalized.ts'
import { openAiChat, usageObject } from './openai-chat.ts'

/**
 * OpenRouter: OpenAI's chat shape, and `cost` in USD, which is what it charges. With the caller's own provider key
 * (`is_byok`) that is only OpenRouter's fee, so it is not the cost of the request and is left out.
 *
 * @example usageFromOpenRouter({ usage: { prompt_tokens: 5, completion_tokens: 1, cost: 0.0000125 } })
 *   ?.fields.costReportedNanoUsd // 12_500
 */
export function usageFromOpenRouter(body: unknown): NormalizedUsage | undefined {
  const builder = openAiChat(body, new UsageBuilder('openrouter.chat'))
  const usage = usageObject(body)
  const cost = at(usage, 'cost')
  if (cost !== undefined && cost !== null && at(usage, 'is_byok') !== true) {
    const nano = typeof cost === 'number' ? usdToNano(cost) : undefined
    if (nano === undefined) builder.anomalies.push('cost is not an amount in USD')
    builder.set('costReportedNanoUsd', nano)
  }
  return builder.build()
}
