import { divideHalfEven, normalizeExact } from '../../event/index.ts'
import {
  groupsOf,
  LEAST_NANO_USD,
  LEAST_REQUESTS,
  LOOKED_AT,
  nameIn,
  type SavingRule,
  savingId,
  whole,
} from './saving.ts'
import { inDigits, named } from './wording.ts'

const RULE = 'unused_cache'
/**
 * The shortest prompt whose beginning providers cache, in tokens.
 *
 * @source platform.openai.com/docs/guides/prompt-caching and docs.anthropic.com prompt caching: 1,024 for most models
 */
const CACHEABLE_TOKENS = 1_024n
/** Read at most this often from a cache, in percent of the input, and it is as good as never. */
const UNUSED_PERCENT = 2n
const MILLION = 1_000_000n

/**
 * Prompts that are all long and never read from a cache. What they share can be no longer than the shortest of them, so that
 * bounds what caching can save.
 */
export const unusedCache: SavingRule = {
  name: RULE,
  about: `at least ${LEAST_REQUESTS} requests of an agent to a model, none with fewer than 1,024 input tokens, that hardly ever read from a cache`,
  async find({ ask, prices, fromMs, toMs }) {
    const query = {
      from: fromMs,
      to: toMs,
      measures: ['requests', 'input_tokens', 'input_tokens_min', 'cache_read_tokens', 'cost_nano_usd'],
      group_by: ['provider', 'model', 'agent_id'],
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    return groupsOf(await ask(query)).flatMap((row) => {
      const [requests, shortest] = [whole(row, 'requests'), whole(row, 'input_tokens_min')]
      const input = whole(row, 'input_tokens')
      if (requests < LEAST_REQUESTS || shortest < CACHEABLE_TOKENS) return []
      if (whole(row, 'cache_read_tokens') * 100n > input * UNUSED_PERCENT) return []
      const [provider, model, agent] = [nameIn(row, 'provider'), nameIn(row, 'model'), nameIn(row, 'agent_id')]
      const unit = prices.resolve(provider ?? undefined, model ?? '', toMs - 1)?.row.prices
      if (unit?.input === undefined || unit.cacheRead === undefined || unit.cacheRead >= unit.input) return []
      // The first request writes; all others could read.
      const read = (requests - 1n) * shortest
      const saving = divideHalfEven(read * BigInt(unit.input - unit.cacheRead), MILLION)
      if (saving < LEAST_NANO_USD) return []
      const subject = { provider, model, agent_id: agent }
      return [
        {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Let ${named(model)} cache the beginning that the prompts of ${named(agent, 'this application')} share: put what stays the same first.`,
          evidence: `${inDigits(requests)} prompts of at least ${inDigits(shortest)} tokens each, and next to none read from a cache.`,
          savingNanoUsd: normalizeExact(saving),
          bound: 'at_most' as const,
          assumptions: [
            `All prompts share a beginning as long as the shortest of them (${inDigits(shortest)} tokens).`,
            'Requests follow each other before the cache forgets; what writing to it costs is left out.',
          ],
          confidence: 'low' as const,
          query,
        },
      ]
    })
  },
}
