import { canonicalOptions, type SyncOptions, type SyncSettings, syncSettings } from './options.ts'

/**
 * How a sync client is set up. Immutable: each `with...` gives another one.
 *
 * The token is not an own property, so that printing a configuration does not show it.
 *
 * @example
 * new SyncConfig('https://tallystick.example', 'token').withInterval(5_000).withBatchThreshold(50)
 * new SyncConfig({ url: 'https://tallystick.example', token: 'token', intervalMs: 5_000, batchThreshold: 50 })
 * new SyncConfig({ dashboard_url: 'https://tallystick.example', ic_token: 'token', sync_interval_ms: 5_000 })
 */
export class SyncConfig {
  readonly #settings: SyncSettings

  /**
   * @param url address of the server; empty: nothing is sent
   * @throws TallystickError `invalid_config` with every problem in `issues`
   */
  constructor(url: string, token?: string)
  constructor(options: SyncOptions)
  constructor(first: string | SyncOptions, token?: string) {
    const options: SyncOptions = typeof first === 'object' && first !== null ? first : { url: first, token }
    this.#settings = syncSettings(options)
  }

  get settings(): SyncSettings {
    return this.#settings
  }

  get url(): string {
    return this.#settings.url
  }

  get token(): string | undefined {
    return this.#settings.token
  }

  /** 30,000 unless set. */
  get intervalMs(): number {
    return this.#settings.intervalMs
  }

  /** 10 unless set. */
  get batchThreshold(): number {
    return this.#settings.batchThreshold
  }

  /** 30,000 unless set. */
  get timeoutMs(): number {
    return this.#settings.timeoutMs
  }

  withInterval(intervalMs: number): SyncConfig {
    return this.with({ intervalMs })
  }

  withBatchThreshold(batchThreshold: number): SyncConfig {
    return this.with({ batchThreshold })
  }

  withTimeout(timeoutMs: number): SyncConfig {
    return this.with({ timeoutMs })
  }

  /** Any other options. @throws TallystickError `invalid_config` */
  with(options: SyncOptions): SyncConfig {
    return new SyncConfig({ ...this.#settings, ...canonicalOptions(options) })
  }
}
