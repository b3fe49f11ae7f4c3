import { normalizeExact } from '../../event/index.ts'
import type { ResultRow } from '../../query/index.ts'
import { RATED_MEASURES, rerate } from './rerate.ts'
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
import { inDollars, inPercent, named } from './wording.ts'

const RULE = 'cheaper_model'
/** Of all cost, in percent: smaller models are not worth a change. */
const LEAST_SHARE = 5n
/** Prompts and answers of both models are alike if neither mean is more than this many times the other. */
const ALIKE = 2n
/** The other has to cost this many percent at most. */
const MOST_PERCENT = 60n
/** What costs less than this many percent is a model of another class, whatever the length of its answers. */
const LEAST_PERCENT = 5n

/** A model that is in use here already, for requests of like size and with like success, at a fraction of the price. */
export const cheaperModel: SavingRule = {
  name: RULE,
  about:
    'a model with at least 5 % of the cost, beside one in use here whose prompts and answers are of like size (within a factor of two), that succeeds as often and would cost 5 to 60 %; of several the one nearest in price',
  async find({ ask, prices, fromMs, toMs }) {
    const query = {
      from: fromMs,
      to: toMs,
      measures: [
        'requests',
        'successful_requests',
        'input_tokens',
        'cost_nano_usd',
        'unpriced_requests',
        ...RATED_MEASURES,
      ],
      group_by: ['provider', 'model'],
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    const rows = groupsOf(await ask(query)).filter(
      (row) => whole(row, 'requests') >= LEAST_REQUESTS && whole(row, 'unpriced_requests') === 0n,
    )
    const all = rows.reduce((sum, row) => sum + whole(row, 'cost_nano_usd'), 0n)
    return rows.flatMap((row) => {
      const cost = whole(row, 'cost_nano_usd')
      if (cost * 100n < all * LEAST_SHARE) return []
      const best = rows
        .filter((other) => other !== row && alike(row, other))
        .flatMap((other) => {
          const [provider, model] = [nameIn(other, 'provider'), nameIn(other, 'model')]
          const unit = prices.resolve(provider ?? undefined, model ?? '', toMs - 1)?.row.prices
          const rated = unit === undefined ? undefined : rerate(row, unit)
          if (rated === undefined) return []
          const percent = rated * 100n
          const fits = percent <= cost * MOST_PERCENT && percent >= cost * LEAST_PERCENT
          return fits ? [{ provider, model, rated }] : []
        })
        .reduce<{ provider: string | null; model: string | null; rated: bigint } | undefined>(
          // The nearest in price is the likeliest to answer as well: the cheapest of all would always be the smallest model there is.
          (nearest, other) => (nearest === undefined || other.rated > nearest.rated ? other : nearest),
          undefined,
        )
      if (best === undefined || cost - best.rated < LEAST_NANO_USD) return []
      const subject = { provider: nameIn(row, 'provider'), model: nameIn(row, 'model') }
      return [
        {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Try ${named(best.model)} for what is asked of ${named(subject.model)}.`,
          evidence: `${named(subject.model)} has cost ${inDollars(cost)}; the same tokens come to ${inDollars(best.rated)} (${inPercent(best.rated, cost)}) at the price of ${named(best.model)}, which is in use here for prompts and answers of like size.`,
          savingNanoUsd: normalizeExact(cost - best.rated),
          bound: 'about' as const,
          assumptions: [
            'The other model answers as well: nothing here measures quality.',
            'It takes as many tokens for the same text; other tokenizers differ by about 10 %.',
          ],
          confidence: 'low' as const,
          query,
          ...(best.model === null ? {} : { instead: { provider: best.provider, model: best.model } }),
        },
      ]
    })
  },
}

function alike(one: ResultRow, other: ResultRow): boolean {
  const sizes = ['input_tokens', 'output_tokens'].every((name) => {
    // Means compared without dividing.
    const a = whole(one, name) * whole(other, 'requests')
    const b = whole(other, name) * whole(one, 'requests')
    return a <= b * ALIKE && b <= a * ALIKE
  })
  // Its successes may be fewer by one in a hundred.
  const succeeded = (row: ResultRow, by: bigint): bigint => whole(row, 'successful_requests') * by
  const least = succeeded(one, whole(other, 'requests')) * 99n
  return sizes && succeeded(other, whole(one, 'requests')) * 100n >= least
}
