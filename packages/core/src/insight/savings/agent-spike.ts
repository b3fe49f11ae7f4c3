import { normalizeExact } from '../../event/index.ts'
import { groupsOf, LOOKED_AT, nameIn, type SavingRule, savingId, whole } from './saving.ts'
import { inDollars, named } from './wording.ts'

const RULE = 'agent_spike'
const DAY_MS = 86_400_000
const BEFORE_DAYS = 7
/** This many times what a day of the week before has cost. */
const TIMES = 3n
/** One dollar. */
const LEAST = 1_000_000_000n

/** An agent that has cost several times as much on the last day as on a day of the week before. */
export const agentSpike: SavingRule = {
  name: RULE,
  about: 'an agent whose last 24 hours have cost at least $1 and three times a day of the week before',
  async find({ ask, toMs }) {
    const dayMs = toMs - DAY_MS
    const shape = {
      measures: ['cost_nano_usd', 'requests'],
      group_by: ['agent_id'],
      order_by: '-cost_nano_usd',
      limit: LOOKED_AT,
    }
    const query = { from: dayMs, to: toMs, ...shape }
    const [now, before] = [
      await ask(query),
      await ask({ from: dayMs - BEFORE_DAYS * DAY_MS, to: dayMs, ...shape, limit: 10_000 }),
    ]
    const usual = new Map(
      groupsOf(before).map((row) => [nameIn(row, 'agent_id'), whole(row, 'cost_nano_usd') / BigInt(BEFORE_DAYS)]),
    )
    return groupsOf(now).flatMap((row) => {
      const [agent, cost] = [nameIn(row, 'agent_id'), whole(row, 'cost_nano_usd')]
      const mean = usual.get(agent)
      // One that is new has no habits to compare it with.
      if (mean === undefined || mean === 0n || cost < LEAST || cost < mean * TIMES) return []
      const subject = { agent_id: agent }
      return [
        {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Look at what ${named(agent, 'the traffic without an agent')} did on the last day.`,
          evidence: `It has cost ${inDollars(cost)} in 24 hours, and ${inDollars(mean)} on a day of the week before.`,
          savingNanoUsd: normalizeExact(cost - mean),
          bound: 'about' as const,
          assumptions: ['What it costs on other days is what it should cost.'],
          confidence: 'medium' as const,
          query,
        },
      ]
    })
  },
}
