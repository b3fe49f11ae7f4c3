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
import { inDigits, inDollars, named } from './wording.ts'

const RULE = 'dearer_provider'

/** One model at two providers, of which one is slower and dearer. */
export const dearerProvider: SavingRule = {
  name: RULE,
  about:
    'a model that is used at two providers, one of which costs more for the same tokens and is slower at the median',
  async find({ ask, prices, fromMs, toMs }) {
    const query = {
      from: fromMs,
      to: toMs,
      measures: ['requests', 'cost_nano_usd', 'unpriced_requests', 'duration_ms_p50', ...RATED_MEASURES],
      group_by: ['provider', 'model'],
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    const rows = groupsOf(await ask(query)).filter(
      (row) =>
        whole(row, 'requests') >= LEAST_REQUESTS && whole(row, 'unpriced_requests') === 0n && row['model'] !== null,
    )
    return rows.flatMap((row) => {
      const cost = whole(row, 'cost_nano_usd')
      const better = rows
        .filter((other) => other['model'] === row['model'] && other !== row && faster(other, row))
        .flatMap((other) => {
          const provider = nameIn(other, 'provider')
          const unit = prices.resolve(provider ?? undefined, String(row['model']), toMs - 1)?.row.prices
          const rated = unit === undefined ? undefined : rerate(row, unit)
          return rated === undefined || cost - rated < LEAST_NANO_USD ? [] : [{ other, provider, rated }]
        })
        .sort((a, b) => (a.rated < b.rated ? -1 : 1))[0]
      if (better === undefined) return []
      const subject = { provider: nameIn(row, 'provider'), model: nameIn(row, 'model') }
      const ms = (from: ResultRow): string => `${inDigits(whole(from, 'duration_ms_p50'))} ms`
      return [
        {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Ask ${named(better.provider)} for ${named(subject.model)} instead of ${named(subject.provider)}.`,
          evidence: `${named(subject.provider)} takes ${ms(row)} at the median and has cost ${inDollars(cost)}; ${named(better.provider)} takes ${ms(better.other)}, and the same tokens come to ${inDollars(better.rated)} there.`,
          savingNanoUsd: normalizeExact(cost - better.rated),
          bound: 'about' as const,
          assumptions: ['Both are asked alike, and list prices are what is paid.'],
          confidence: 'medium' as const,
          query,
          ...(subject.model === null ? {} : { instead: { provider: better.provider, model: subject.model } }),
        },
      ]
    })
  },
}

const faster = (one: ResultRow, other: ResultRow): boolean =>
  typeof one['duration_ms_p50'] === 'number' &&
  typeof other['duration_ms_p50'] === 'number' &&
  one['duration_ms_p50'] < other['duration_ms_p50']
