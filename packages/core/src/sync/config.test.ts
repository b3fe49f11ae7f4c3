import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { isTallystickError, type TallystickError } from '../errors.ts'
import { MemoryPending } from '../recorder/testing/memory-pending.ts'
import { SyncClient } from './client.ts'
import { SyncConfig } from './config.ts'
import { SYNC_OPTIONS, type SyncOptions } from './options.ts'

const URL = 'https://tallystick.example'

const problemOf = (make: () => unknown): TallystickError => {
  try {
    make()
  } catch (error) {
    if (isTallystickError(error)) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}

/** What a stranger's untyped code might pass. */
const loose = (options: Record<string, unknown>): SyncOptions => options as SyncOptions

describe('the configuration', () => {
  it('T:sync defaults are 30 s, 10 events, 30 s', () => {
    const { intervalMs, batchThreshold, timeoutMs } = new SyncConfig(URL, 'token')
    expect([intervalMs, batchThreshold, timeoutMs]).toEqual([30_000, 10, 30_000])
  })

  it('T:sync builders: 5 s, 50, and a chain of 10 s and 25', () => {
    const config = new SyncConfig(URL, 'token')
    expect(config.withInterval(5_000).intervalMs).toBe(5_000)
    expect(config.withBatchThreshold(50).batchThreshold).toBe(50)
    expect(config.withTimeout(7_000).timeoutMs).toBe(7_000)
    const chained = config.withInterval(10_000).withBatchThreshold(25)
    expect([chained.intervalMs, chained.batchThreshold, chained.url, chained.token]).toEqual([10_000, 25, URL, 'token'])
    expect(config.intervalMs).toBe(30_000)
  })

  it('is the same in every spelling of the systems replaced', () => {
    const expected = [URL, 'token', 5_000, 50, 7_000]
    const rest = { token: 'token', intervalMs: 5_000, batchThreshold: 50, timeoutMs: 7_000 }
    const spellings: SyncOptions[] = [
      { url: URL, ...rest },
      { serverUrl: URL, ...rest },
      { dashboardUrl: URL, icToken: 'token', syncIntervalMs: 5_000, batchThreshold: 50, timeoutMs: 7_000 },
      { server_url: URL, ic_token: 'token', interval_ms: 5_000, batch_threshold: 50, timeout_ms: 7_000 },
      { dashboard_url: URL, ic_token: 'token', sync_interval_ms: 5_000, batch_threshold: 50, timeout_ms: 7_000 },
    ]
    for (const spelling of spellings) {
      const { url, token, intervalMs, batchThreshold, timeoutMs } = new SyncConfig(spelling)
      expect([url, token, intervalMs, batchThreshold, timeoutMs]).toEqual(expected)
    }
    const built = new SyncConfig(URL, 'token').withInterval(5_000).withBatchThreshold(50).withTimeout(7_000)
    expect(built.settings).toEqual(new SyncConfig(spellings[0] as SyncOptions).settings)
  })

  it('forgets the slash at the end of an address, and keeps its path', () => {
    expect(new SyncConfig('http://127.0.0.1:8088/').url).toBe('http://127.0.0.1:8088')
    expect(new SyncConfig('https://example.com/usage//').url).toBe('https://example.com/usage')
  })

  it('takes an empty address for none, but not a missing one', () => {
    expect(new SyncConfig('').url).toBe('')
    expect(problemOf(() => new SyncConfig({})).issues).toEqual([
      { path: 'url', message: expect.stringMatching(/missing/) },
    ])
    expect(problemOf(() => new SyncConfig(loose({ url: undefined }))).code).toBe('invalid_config')
  })

  it('names every unknown option and every bad value at once', () => {
    const given = loose({
      url: 'ftp://example.com',
      intervalMS: 5_000,
      intervalMs: 0.5,
      batch_threshold: 0,
      timeoutMs: '5',
      concurrency: 5,
      maxBatchBytes: 10,
      gzip: 'yes',
      protocol: 'grpc',
      onError: 'log',
      deadLetters: {},
      fetch: null,
    })
    const { code, issues, message } = problemOf(() => new SyncConfig(given))
    expect(code).toBe('invalid_config')
    expect(issues.map(({ path }) => path)).toEqual(Object.keys(given))
    expect(message).toContain('intervalMS: is not an option; the options are url, token, intervalMs')
  })

  it('refuses one option in two spellings', () => {
    const { issues } = problemOf(() => new SyncConfig({ url: URL, server_url: URL }))
    expect(issues).toEqual([{ path: 'server_url', message: expect.stringContaining('given twice') }])
  })

  it.each([
    'not an address',
    'example.com',
    'file:///etc/passwd',
    'https://user:password@example.com',
    'https://example.com/?token=1',
    'https://example.com/#part',
    17,
    null,
  ])('refuses the address %s', (url) => {
    expect(problemOf(() => new SyncConfig(loose({ url }))).issues[0]?.path).toBe('url')
  })

  it('shows no token: not when it is refused, not when a configuration is printed', () => {
    const token = 'very secret'
    const error = problemOf(() => new SyncConfig(URL, token))
    expect(inspect(error, { depth: 9 })).not.toContain('secret')
    const config = new SyncConfig(URL, 'very-secret')
    expect(inspect(config, { depth: 9, showHidden: true }) + JSON.stringify(config)).not.toContain('secret')
    const client = new SyncClient(new MemoryPending(), config)
    expect(inspect(client, { depth: 9 }) + JSON.stringify(client.stats())).not.toContain('secret')
  })

  it('holds its own defaults to its own table', () => {
    for (const [name, { fallback, problem }] of Object.entries(SYNC_OPTIONS))
      if (fallback !== undefined) expect([name, problem(fallback)]).toEqual([name, undefined])
  })
})

describe('making a client', () => {
  it('T:sync takes every form of start', async () => {
    const store = new MemoryPending()
    const config = new SyncConfig('')
    const clients = [
      new SyncClient(store, config).start(),
      new SyncClient(store, { url: '' }).start(),
      SyncClient.start(store, config),
      SyncClient.start(store, { dashboard_url: '', sync_interval_ms: 5_000 }),
      SyncClient.start({ url: '', store }),
      SyncClient.start(config.with({ store })),
    ]
    for (const client of clients) {
      expect(client.stats().state).toBe('disabled')
      await client.stop()
    }
  })

  it('says what is missing from a configuration without a store', () => {
    const { code, message } = problemOf(() => SyncClient.start({ url: URL }))
    expect([code, message]).toEqual(['invalid_config', expect.stringContaining('SyncClient.start(store, config)')])
  })

  it('refuses what is not a store', () => {
    for (const store of [undefined, null, {}, [], 'store', { take: () => [] }])
      expect(problemOf(() => new SyncClient(store as unknown as MemoryPending, { url: URL })).message).toContain(
        'not a store',
      )
  })
})
