import { readFile } from 'node:fs/promises'
import { type ErrorCode, isTallystickError, TallystickError } from '@tallystick/core'
import type { Cluster, Redis } from 'ioredis'
import type { Script } from './scripts.ts'
import type { RedisTarget } from './target.ts'

/** How long is waited for Redis. */
export interface Patience {
  /** For the answer to a command, ms. */
  readonly answerMs: number
  /** For a connection, ms. */
  readonly connectMs: number
}

export const PATIENCE: Patience = { answerMs: 10_000, connectMs: 5_000 }

/** What a command is given. */
export type Argument = string | number

const LAST_RETRY_MS = 2_000

/**
 * One Redis or one cluster. It is connected to in the background, again and again; a command while it is away fails at once
 * with `store_unavailable`, as does one that is not answered in time. Nothing is sent twice by itself.
 */
export class Connection {
  readonly #target: RedisTarget
  readonly #client: Redis | Cluster
  /** Why the latest attempt to connect failed. */
  #trouble: Error | undefined
  #closed = false

  private constructor(target: RedisTarget, client: Redis | Cluster) {
    this.#target = target
    this.#client = client
    client.on('error', (error: Error) => {
      this.#trouble = error
    })
    client.on('ready', () => {
      this.#trouble = undefined
    })
  }

  /**
   * Resolves once it answers, or after `connectMs` without: it may come later.
   *
   * @throws TallystickError `data_dir_unusable` when the file of certificates cannot be read
   */
  static async open(target: RedisTarget, { answerMs, connectMs }: Patience): Promise<Connection> {
    const { Redis, Cluster } = await import('ioredis')
    const options = {
      ...(target.username === undefined ? {} : { username: target.username }),
      ...(target.password === undefined ? {} : { password: target.password }),
      ...(target.tls ? { tls: await tlsOptions(target) } : {}),
      protocol: 2 as const,
      disableClientInfo: true,
      // LOADING is an answer like any other: it says what is wrong.
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: connectMs,
      commandTimeout: answerMs,
      // A connection that is silent for longer is dead: what is asked next must not wait behind it.
      socketTimeout: answerMs * 2,
      // Behind one name there may be another server by now.
      reconnectOnError: ({ message }: Error) => message.includes('READONLY'),
      lazyConnect: true,
    }
    const [first] = target.nodes
    const client = target.cluster
      ? new Cluster([...target.nodes], {
          redisOptions: options,
          enableOfflineQueue: false,
          lazyConnect: true,
          clusterRetryStrategy: retryMs,
          slotsRefreshTimeout: connectMs,
          retryDelayOnFailover: 200,
          maxRedirections: 5,
        })
      : new Redis({
          ...options,
          host: first?.host ?? '',
          port: first?.port ?? 0,
          db: target.db,
          retryStrategy: retryMs,
        })
    const connection = new Connection(target, client)
    const ready = new Promise<void>((resolve) => client.once('ready', resolve))
    client.connect().catch((error: Error) => {
      connection.#trouble ??= error
    })
    await Promise.race([ready, connection.#failed(connectMs)])
    return connection
  }

  /** Runs a command on the node that has its key. */
  command(name: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.#do((client) => client.call(name, ...args))
  }

  /** Runs a script on the node that has its keys. It is sent once and called by its hash from then on. */
  run({ lua, sha }: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#do(async (client) => {
      try {
        return await client.evalsha(sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
        return await client.eval(lua, keys.length, ...keys, ...args)
      }
    })
  }

  /** Every node that keys are written to. */
  each<T>(task: (node: Redis) => Promise<T>): Promise<readonly T[]> {
    return this.#do((client) => Promise.all(('nodes' in client ? client.nodes('master') : [client]).map(task)))
  }

  /** `127.0.0.1:6379`, as people know it. */
  get place(): string {
    return this.#target.nodes.map(({ host, port }) => `${host}:${port}`).join(',')
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#client.disconnect()
  }

  async #do<T>(task: (client: Redis | Cluster) => Promise<T>): Promise<T> {
    if (this.#closed) throw new TallystickError('store_unavailable', 'The store is closed.')
    try {
      if (this.#client.status !== 'ready') throw this.#trouble ?? new Error('it is not connected')
      return await task(this.#client)
    } catch (error) {
      throw this.error(error)
    }
  }

  /** What a caller sees of a failed command. */
  error(cause: unknown, code: ErrorCode = 'store_unavailable'): TallystickError {
    if (isTallystickError(cause)) return cause
    const { message } = cause as Error
    // A connection that broke says so, and why it cannot be made again says more.
    const broken = /^(Connection is closed|Stream isn't writeable)/.test(message)
    const why = (broken ? (this.#trouble?.message ?? message) : message)
      .split(' script: ')[0]
      ?.replace(
        /^(Unknown RESP type.*|Protocol error.*) Please report this\.$/,
        'it does not answer as Redis does ($1)',
      )
    return new TallystickError(code, `Redis at ${this.place}: ${why}`, { cause })
  }

  /** Resolves at the first failure to connect, and in any case after `ms`. */
  #failed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      this.#client.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

const retryMs = (times: number): number => Math.min(50 * 2 ** Math.min(times, 10), LAST_RETRY_MS)

async function tlsOptions({ ca }: RedisTarget): Promise<{ readonly ca?: string[] }> {
  if (ca === undefined) return {}
  const { rootCertificates } = await import('node:tls')
  try {
    return { ca: [...rootCertificates, await readFile(ca, 'utf8')] }
  } catch (cause) {
    throw new TallystickError(
      'data_dir_unusable',
      `The certificates in ${ca} cannot be read: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}
