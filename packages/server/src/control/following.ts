import type { LeaseOwner } from '../budget/lease-owner.ts'
import { ControlCopy, type CopyHealth, type CopyOptions } from './copy.ts'
import { leaseOwnerOf } from './lease-owner.ts'
import { createOwner, type Owner } from './owner.ts'

/** Which server owns the control state, and how this one does without it. */
export interface ControlSettings {
  /** Address of the owner. */
  readonly url: string
  /** A key of the owner's with the scope `admin` and of no tenant. */
  readonly key?: string
  /** For how long what is known is relied upon while the owner is away, ms; 15 minutes when absent. */
  readonly staleMs?: number
  /** What becomes of requests to the capture proxy that count in a hard budget meanwhile; `refuse` when absent. */
  readonly budgetsWhenAway?: LeaseOwner['whenAway']
}

/** A server whose control state is another's. */
export interface Following {
  readonly owner: Owner
  readonly copy: ControlCopy
  readonly leases: LeaseOwner
  health(): CopyHealth & { readonly url: string }
}

export const DEFAULT_STALE_MS = 15 * 60_000
/** A start waits for the owner as long: with what it knows the server is ready at once. */
const OPEN_MS = 3_000

/**
 * Begins to follow the owner.
 *
 * @throws TallystickError `invalid_config`
 */
export async function follow(
  { url, key, staleMs = DEFAULT_STALE_MS, budgetsWhenAway = 'refuse' }: ControlSettings,
  { clock, ...parts }: Pick<CopyOptions, 'clock' | 'logger' | 'onError' | 'file'>,
): Promise<Following> {
  const owner = createOwner({ url, ...(key === undefined ? {} : { key }) })
  const copy = new ControlCopy({ ...parts, clock, owner, staleMs })
  await copy.open(OPEN_MS)
  return {
    owner,
    copy,
    leases: leaseOwnerOf(owner, copy, budgetsWhenAway, () => clock.now()),
    health: () => ({ url: owner.url, ...copy.health() }),
  }
}
