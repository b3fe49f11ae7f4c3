import { normalizeExact } from '../../event/index.ts'
import { multipliersOf } from '../../pricing/index.ts'
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

const RULE = 'batch_tier'
/** What a tier that waits costs in parts of a thousand is taken off the standard price, so these are paid in full. */
const STANDARD_TIERS = [null, 'standard', 'default', 'auto']

/** Requests that nobody watches (not streamed, of no user) to a provider that takes less for work that may wait. */
export const batchTier: SavingRule = {
  name: RULE,
  about: `at least ${LEAST_REQUESTS} requests of an agent that are not streamed and name no user, at a provider with a batch price`,
  async find({ ask, fromMs, toMs }) {
    const query = {
      from: fromMs,
      to: toMs,
      measures: ['requests', 'cost_nano_usd'],
      group_by: ['provider', 'model', 'agent_id'],
      filters: { stream: [false], user_id: [null], success: [true], service_tier: STANDARD_TIERS },
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    return groupsOf(await ask(query)).flatMap((row) => {
      const [provider, model, agent] = [nameIn(row, 'provider'), nameIn(row, 'model'), nameIn(row, 'agent_id')]
      const [requests, cost] = [whole(row, 'requests'), whole(row, 'cost_nano_usd')]
      const permille = multipliersOf(provider ?? '', model ?? '').get('batch')
      if (permille === undefined || requests < LEAST_REQUESTS) return []
      const saving = (cost * BigInt(1000 - permille)) / 1000n
      if (saving < LEAST_NANO_USD) return []
      const subject = { provider, model, agent_id: agent }
      return [
        {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Send what ${named(agent, 'this application')} asks of ${named(model)} as batches where an answer may take hours.`,
          evidence: `${inDigits(requests)} requests that were not streamed and name no user have cost ${inDollars(cost)}.`,
          savingNanoUsd: normalizeExact(saving),
          bound: 'at_most' as const,
          assumptions: [
            'None of these answers is waited for.',
            `A batch costs ${permille / 10} % of the standard price at ${named(provider)}.`,
          ],
          confidence: 'low' as const,
          query,
        },
      ]
    })
  },
}
