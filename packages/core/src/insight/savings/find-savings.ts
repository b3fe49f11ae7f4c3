import { agentSpike } from './agent-spike.ts'
import { batchTier } from './batch-tier.ts'
import { cheaperModel } from './cheaper-model.ts'
import { dearerProvider } from './dearer-provider.ts'
import { idleKeys } from './idle-keys.ts'
import { longContext } from './long-context.ts'
import { paidFailures, paidRetries } from './paid-failures.ts'
import type { Saving, SavingContext, SavingRule } from './saving.ts'
import { unusedCache } from './unused-cache.ts'

/** THE table of rules that look for savings. */
export const SAVING_RULES: readonly SavingRule[] = [
  paidFailures,
  paidRetries,
  unusedCache,
  batchTier,
  cheaperModel,
  dearerProvider,
  longContext,
  agentSpike,
  idleKeys,
]

/**
 * What could cost less, the greatest saving first; those without an amount last.
 *
 * @throws what `ask` throws
 */
export async function findSavings(context: SavingContext): Promise<readonly Saving[]> {
  const found: Saving[] = []
  for (const rule of SAVING_RULES) found.push(...(await rule.find(context)))
  return found.sort((a, b) => compare(b, a))
}

function compare(a: Saving, b: Saving): number {
  const [one, other] = [BigInt(a.savingNanoUsd ?? -1), BigInt(b.savingNanoUsd ?? -1)]
  return one === other ? 0 : one < other ? -1 : 1
}
