import { TallystickError } from '@tallystick/core'
import type { Connection } from './connection.ts'
import type { RedisTarget } from './target.ts'

/** What was found of the server itself. */
export interface ServerFindings {
  readonly warnings: readonly string[]
}

const LEAST_VERSION = 6
const AGAIN_MS = 30_000

/** Looks now and then whether Redis is one that events can be kept in. */
export class ServerCheck {
  readonly #connection: Connection
  readonly #target: RedisTarget
  readonly #now: () => number
  #lookedMs = Number.NEGATIVE_INFINITY
  #warnings: readonly string[] = []

  /** @param now rising ms, of any start */
  constructor(connection: Connection, target: RedisTarget, now: () => number) {
    this.#connection = connection
    this.#target = target
    this.#now = now
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }

  /**
   * @throws TallystickError `store_unavailable` when it is away; `invalid_config` when it is too old, belongs to a cluster that the URL does not name, or may drop
   * keys where that is refused
   */
  async look(): Promise<void> {
    if (this.#now() - this.#lookedMs < AGAIN_MS) return
    const infos = await this.#connection.each((node) => node.info())
    const warnings = new Set<string>()
    for (const info of infos.map(readInfo)) {
      const warning = this.#judge(info)
      if (warning !== undefined) warnings.add(warning)
    }
    this.#warnings = [...warnings]
    this.#lookedMs = this.#now()
  }

  #judge(info: ReadonlyMap<string, string>): string | undefined {
    const at = `Redis at ${this.#connection.place}`
    const version = info.get('redis_version') ?? ''
    if (Number.parseInt(version, 10) < LEAST_VERSION) throw refusal(`${at} is version ${version}; it takes 6 or later.`)
    if (info.get('cluster_enabled') === '1' && !this.#target.cluster)
      throw refusal(`${at} is part of a cluster; write redis+cluster:// in the URL.`)
    const policy = info.get('maxmemory_policy') ?? 'noeviction'
    if (policy === 'noeviction' || (info.get('maxmemory') ?? '0') === '0') return undefined
    const warning =
      `${at} drops keys when its memory is full (maxmemory-policy ${policy}), and figures with them. ` +
      'Set maxmemory-policy to noeviction: then it says so instead, and events wait in the journal.'
    if (this.#target.refuseEviction) throw refusal(warning)
    return warning
  }
}

const refusal = (message: string): TallystickError =>
  new TallystickError('invalid_config', message, { issues: [{ path: 'store', message }] })

function readInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const colon = line.indexOf(':')
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const]
  })
  return new Map(lines)
}
