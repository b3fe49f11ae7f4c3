import type { TallystickError } from '@tallystick/core'
import { type Clock, systemClock } from '@tallystick/core/event'
import { Connection, PATIENCE, type Patience } from './connection.ts'
import { CLUSTER_PARTS, keysOf } from './keys.ts'
import { Part } from './part.ts'
import { RedisStore } from './redis-store.ts'
import { resetPart } from './reset.ts'
import { ServerCheck } from './server-check.ts'
import type { RedisTarget } from './target.ts'

export interface RedisStoreOptions {
  readonly target: RedisTarget
  /** Events older than this many ms are not shown, at once. For ever unless given. */
  readonly eventsTtlMs?: number
  readonly clock?: Clock
  readonly onWarning?: (warning: string) => void
  readonly patience?: Partial<Patience>
}

/**
 * Opens the store that several programs can look into: Redis in the layout of Routiium's analytics, or a cluster of it.
 *
 * Redis may be away: then it is connected to in the background, and until then everything but `stats` of an earlier moment is
 * refused with `store_unavailable`. What it may have lost is told by `append`, see {@link AppendOptions}.
 *
 * @throws TallystickError `invalid_config` when it answers and is none that events can be kept in, `data_dir_unusable` when the
 * file of certificates cannot be read
 * @example
 * const target = readTarget('//127.0.0.1:6379', { cluster: false, tls: false })
 * const store = await openRedisStore({ target })
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<RedisStore> {
  const { target, clock = systemClock, onWarning = () => {}, eventsTtlMs = Number.POSITIVE_INFINITY } = options
  const { connection, parts } = await connect(target, options.patience)
  const check = new ServerCheck(connection, target, () => clock.monotonic())
  try {
    await check.look()
  } catch (error) {
    if ((error as TallystickError).code === 'invalid_config') {
      await connection.close()
      throw error
    }
  }
  return new RedisStore(connection, parts, check, { prefix: target.prefix, ttlMs: eventsTtlMs, clock, onWarning })
}

/**
 * Takes out of a store that nobody has open what came through the journal, whatever journal; documents of others stay.
 *
 * @throws TallystickError `store_unavailable` when Redis is away
 */
export async function resetRedisStore(target: RedisTarget): Promise<void> {
  const { connection, parts } = await connect(target)
  try {
    for (const part of parts) await resetPart(part)
  } finally {
    await connection.close()
  }
}

async function connect(
  target: RedisTarget,
  patience: Partial<Patience> = {},
): Promise<{ readonly connection: Connection; readonly parts: readonly Part[] }> {
  const connection = await Connection.open(target, { ...PATIENCE, ...patience })
  const numbers = target.cluster ? Array.from({ length: CLUSTER_PARTS }, (_, part) => part) : [undefined]
  return { connection, parts: numbers.map((part) => new Part(connection, keysOf(target.prefix, part))) }
}
