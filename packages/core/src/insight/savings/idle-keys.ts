import { groupsOf, nameIn, type SavingRule, savingId, whole } from './saving.ts'

const RULE = 'idle_key'
const DAY_MS = 86_400_000
const IDLE_DAYS = 30

/** Keys that nobody has used for a month: they can only leak. */
export const idleKeys: SavingRule = {
  name: RULE,
  about: `a key that is older than ${IDLE_DAYS} days and has recorded nothing in them`,
  async find({ ask, keys = [], toMs }) {
    const old = keys.filter(({ createdMs }) => toMs - createdMs >= IDLE_DAYS * DAY_MS)
    if (old.length === 0) return []
    const query = {
      from: toMs - IDLE_DAYS * DAY_MS,
      to: toMs,
      measures: ['events'],
      group_by: ['api_key_id'],
      limit: 10_000,
    }
    const used = new Set(
      groupsOf(await ask(query)).flatMap((row) => (whole(row, 'events') > 0n ? [nameIn(row, 'api_key_id')] : [])),
    )
    return old
      .filter(({ id }) => !used.has(id))
      .map(({ id, label }) => {
        const subject = { api_key_id: id }
        return {
          id: savingId(RULE, subject),
          rule: RULE,
          subject,
          advice: `Revoke the key ${label ?? id}, or find out why it is not used.`,
          evidence: `It has recorded nothing for ${IDLE_DAYS} days.`,
          savingNanoUsd: null,
          bound: 'exact' as const,
          assumptions: [],
          confidence: 'high' as const,
          query,
        }
      })
  },
}
