import { divideHalfEven, normalizeExact } from '../../event/index.ts'
import { QUANTILES, type ResultRow } from '../../query/index.ts'
import { groupsOf, LEAST_NANO_USD, LOOKED_AT, nameIn, type SavingRule, savingId, whole } from './saving.ts'
import { inDigits, named } from './wording.ts'

const RULE = 'long_context'
const MILLION = 1_000_000n
/** Shares are counted in thousandths, as fine as the finest quantile. */
const PERMILLE = 1000n

/** Prompts beyond the length at which a provider takes more for the whole request. */
export const longContext: SavingRule = {
  name: RULE,
  about: 'requests whose input crosses the threshold of a dearer context tier',
  async find({ ask, prices, fromMs, toMs }) {
    const query = {
      from: fromMs,
      to: toMs,
      measures: [
        'requests',
        'cost_nano_usd',
        'input_tokens_max',
        ...QUANTILES.map(({ suffix }) => `input_tokens_${suffix}`),
      ],
      group_by: ['provider', 'model'],
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    return groupsOf(await ask(query)).flatMap((row) => {
      const [provider, model] = [nameIn(row, 'provider'), nameIn(row, 'model')]
      const card = prices.resolve(provider ?? undefined, model ?? '', toMs - 1)?.row
      const tier = card?.tiers?.[0]
      const [base, beyond] = [card?.prices.input, tier?.prices.input]
      if (tier === undefined || base === undefined || beyond === undefined || beyond <= base) return []
      const crossed = leastBeyond(row, tier.aboveInputTokens)
      if (crossed === 0n) return []
      const saving = divideHalfEven(crossed * BigInt(tier.aboveInputTokens) * BigInt(beyond - base), MILLION)
      if (saving < LEAST_NANO_USD) return []
      const subject = { provider, model }
      return [
        {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Keep prompts to ${named(model)} within ${inDigits(tier.aboveInputTokens)} tokens.`,
          evidence: `At least ${inDigits(crossed)} of ${inDigits(whole(row, 'requests'))} requests are longer, the longest of ${inDigits(whole(row, 'input_tokens_max'))} tokens; every token of them is charged at the higher price.`,
          savingNanoUsd: normalizeExact(saving),
          bound: 'at_least' as const,
          assumptions: [
            `Each of these prompts is cut to ${inDigits(tier.aboveInputTokens)} tokens; the tokens cut, and output, come on top.`,
          ],
          confidence: 'medium' as const,
          query,
        },
      ]
    })
  },
}

/** How many requests are certainly beyond the threshold: all above the least quantile that is. */
function leastBeyond(row: ResultRow, threshold: number): bigint {
  if (whole(row, 'input_tokens_max') <= threshold) return 0n
  const least = QUANTILES.find(({ suffix }) => whole(row, `input_tokens_${suffix}`) > threshold)
  if (least === undefined) return 1n
  const share = PERMILLE - BigInt(Math.round(least.q * Number(PERMILLE)))
  const count = (whole(row, 'requests') * share) / PERMILLE
  return count > 0n ? count : 1n
}
