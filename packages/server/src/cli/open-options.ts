import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Issue, issueLines, TallystickError } from '@tallystick/core'
import type { OverrideSource } from '@tallystick/core/pricing'
import type { Config } from '../config/config.ts'
import type { OpenOptions } from '../open.ts'
import { locateStore, storeUrlProblem } from '../store/open-store.ts'

/** What the configuration says, as the options of `openTallystick`. */
export function openOptions(config: Config): OpenOptions {
  const dataDir = resolve(config.text('data_dir'))
  const eventsSeconds = config.optional('retention.events_seconds')
  const cellsSeconds = config.optional('retention.cells_seconds')
  const jwtSecret = config.secret('protocol012.jwt_secret')
  const token = config.secret('routiium.admin_token')
  return {
    dataDir,
    store: locateStore(config.text('store'), dataDir),
    prices: readPrices(config.list('prices.files')),
    ack: config.text('ingest.ack') as 'durable' | 'received' | 'applied',
    ...(eventsSeconds === null ? {} : { retainEventsMs: eventsSeconds * 1000 }),
    ...(cellsSeconds === null ? {} : { retainCellsMs: cellsSeconds * 1000 }),
    journal: {
      keepMs: config.integer('journal.keep_seconds') * 1000,
      segmentBytes: config.integer('journal.segment_bytes'),
      commitDelayMs: config.integer('journal.commit_delay_ms'),
    },
    dedupMemoryBytes: config.integer('ingest.dedup_memory_bytes'),
    limits: {
      bodyBytes: config.integer('ingest.max_body_bytes'),
      inflatedBytes: config.integer('ingest.max_inflated_bytes'),
      batchEvents: config.integer('ingest.max_batch_events'),
      streams: config.integer('http.max_streams'),
      streamsPerKey: config.integer('http.max_streams_per_key'),
      sockets: config.integer('http.max_websockets'),
      socketsPerKey: config.integer('http.max_websockets_per_key'),
    },
    clientAddress: {
      policy: config.text('http.client_address') as 'off' | 'truncated' | 'full',
      trustedProxies: config.list('http.trusted_proxies'),
    },
    protocol012: {
      rateLimits: config.text('compat.rate_limits') === 'on',
      ...(jwtSecret === undefined ? {} : { jwtSecret }),
    },
    allowedHosts: config.list('http.allowed_hosts'),
    allowedOrigins: config.list('http.allowed_origins'),
    admin: { ...(token === undefined ? {} : { token }), insecure: config.flag('routiium.insecure_admin') },
    duckdb: {
      memoryLimitMb: config.integer('duckdb.memory_mb'),
      threads: config.integer('duckdb.threads'),
      checkpointMb: config.integer('duckdb.checkpoint_mb'),
    },
  }
}

/** What is wrong with a store URL of the configuration, where a scheme alone is right. */
export function storeProblem(url: string): string | undefined {
  return storeUrlProblem(locateStore(url, '.'))
}

/**
 * The texts of price files; whether they are JSON and hold prices is for the price book to say, all at once.
 *
 * @throws TallystickError `file_unreadable` with every file that cannot be read
 */
function readPrices(paths: readonly string[]): readonly OverrideSource[] {
  const issues: Issue[] = []
  const sources = paths.map((path): OverrideSource => {
    try {
      return { name: path, content: readFileSync(path, 'utf8') }
    } catch (cause) {
      issues.push({ path, message: (cause as Error).message })
      return { name: path, content: '{}' }
    }
  })
  if (issues.length > 0)
    throw new TallystickError('file_unreadable', `Price files cannot be read:\n${issueLines(issues)}`, { issues })
  return sources
}
