import { normalizeExact } from '../../event/index.ts'
import { groupsOf, LEAST_NANO_USD, LOOKED_AT, nameIn, type SavingRule, savingId, whole } from './saving.ts'
import { inDigits, inDollars, inPercent, named } from './wording.ts'

const RULE = 'paid_failures'

/** Requests that failed and were paid for all the same: what was spent is known to the nano. */
export const paidFailures: SavingRule = {
  name: RULE,
  about: 'failed requests that cost something, by provider and model',
  async find({ ask, fromMs, toMs }) {
    const query = {
      from: fromMs,
      to: toMs,
      measures: ['failed_requests', 'cost_nano_usd'],
      group_by: ['provider', 'model'],
      filters: { success: [false] },
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    return groupsOf(await ask(query)).flatMap((row) => {
      const cost = whole(row, 'cost_nano_usd')
      if (cost < LEAST_NANO_USD) return []
      const subject = { provider: nameIn(row, 'provider'), model: nameIn(row, 'model') }
      return [
        {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Find out why requests to ${named(subject.model)} fail after they have been charged.`,
          evidence: `${inDigits(whole(row, 'failed_requests'))} failed requests have cost ${inDollars(cost)}.`,
          savingNanoUsd: normalizeExact(cost),
          bound: 'exact' as const,
          assumptions: [],
          confidence: 'high' as const,
          query,
        },
      ]
    })
  },
}

const RETRIES = 'paid_retries'

/** Attempts beyond the first: a retry by the application, its SDK or a gateway sends the same prompt again. */
export const paidRetries: SavingRule = {
  name: RETRIES,
  about: 'attempts beyond the first of an operation, more than 2 % of the requests of a model',
  async find({ ask, fromMs, toMs }) {
    const query = {
      from: fromMs,
      to: toMs,
      measures: ['requests', 'operations', 'cost_nano_usd'],
      group_by: ['provider', 'model'],
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    return groupsOf(await ask(query)).flatMap((row) => {
      const requests = whole(row, 'requests')
      const retries = requests - whole(row, 'operations')
      const cost = requests === 0n ? 0n : (whole(row, 'cost_nano_usd') * retries) / requests
      if (retries * 50n <= requests || cost < LEAST_NANO_USD) return []
      const subject = { provider: nameIn(row, 'provider'), model: nameIn(row, 'model') }
      return [
        {
          id: savingId(RETRIES, subject),
          rule: RETRIES,
          subject,
          advice: `Find out why requests to ${named(subject.model)} are tried again.`,
          evidence: `${inDigits(retries)} of ${inDigits(requests)} requests (${inPercent(retries, requests)}) were further attempts.`,
          savingNanoUsd: normalizeExact(cost),
          bound: 'about' as const,
          assumptions: ['A further attempt costs what a request to the model costs on average.'],
          confidence: 'medium' as const,
          query,
        },
      ]
    })
  },
}
