import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Issue, issueLines, nearest, quoted, TallystickError } from '@tallystick/core'
import { EVENT_KINDS, type EventKind } from '@tallystick/core/event'
import type { OverrideSource } from '@tallystick/core/pricing'
import type { Config } from '../config/config.ts'
import { listenAddress } from '../config/listen-address.ts'
import type { OpenOptions } from '../open.ts'
import { locateStore, storeUrlProblem } from '../store/open-store.ts'

/** What the configuration says, as the options of `openTallystick`. */
export function openOptions(config: Config): OpenOptions {
  const dataDir = resolve(config.text('data_dir'))
  const eventsSeconds = config.optional('retention.events_seconds')
  const cellsSeconds = config.optional('retention.cells_seconds')
  const kinds = kindsTtl(config.list('retention.kinds'))
  const jwtSecret = config.secret('protocol012.jwt_secret')
  const token = config.secret('routiium.admin_token')
  const smtpUrl = config.secret('alerts.smtp_url')
  const traceUrl = config.text('traces.url_template')
  return {
    dataDir,
    store: locateStore(config.text('store'), dataDir),
    prices: readPrices(config.list('prices.files')),
    ack: config.text('ingest.ack') as 'durable' | 'received' | 'applied',
    ...(eventsSeconds === null ? {} : { retainEventsMs: eventsSeconds * 1000 }),
    ...(cellsSeconds === null ? {} : { retainCellsMs: cellsSeconds * 1000 }),
    ...(kinds.size === 0 ? {} : { retainKindsMs: kinds }),
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
    login: loginOptions(config),
    ...(config.text('control.url') === '' ? {} : { control: controlSettings(config) }),
    ...(config.flag('proxy.enabled') ? { proxy: proxySettings(config) } : {}),
    ...(config.text('otlp.push.endpoint') === '' ? {} : { push: pushSettings(config) }),
    ...(traceUrl === '' ? {} : { traceUrl }),
    allowedHosts: config.list('http.allowed_hosts'),
    allowedOrigins: config.list('http.allowed_origins'),
    admin: { ...(token === undefined ? {} : { token }), insecure: config.flag('routiium.insecure_admin') },
    alerts: {
      allowedHosts: config.list('alerts.allowed_hosts'),
      mailFrom: config.text('alerts.mail_from'),
      ...(smtpUrl === undefined ? {} : { smtpUrl }),
    },
    reports: {
      ...(config.text('reports.dir') === '' ? {} : { dir: resolve(config.text('reports.dir')) }),
      ...(config.text('reports.chromium') === '' ? {} : { chromium: config.text('reports.chromium') }),
    },
    metrics: metricsOptions(config),
    health: {
      recentMs: config.integer('health.recent_seconds') * 1000,
      windowMs: config.integer('health.window_seconds') * 1000,
      minRequests: config.integer('health.min_requests'),
      minFailures: config.integer('health.min_failures'),
      degradedPercent: config.integer('health.degraded_percent'),
      downPercent: config.integer('health.down_percent'),
      dwellMs: config.integer('health.dwell_seconds') * 1000,
      silenceMs: config.integer('health.silence_seconds') * 1000,
    },
    duckdb: {
      memoryLimitMb: config.integer('duckdb.memory_mb'),
      threads: config.integer('duckdb.threads'),
      checkpointMb: config.integer('duckdb.checkpoint_mb'),
    },
  }
}

const KIND_TTL = /^([a-z_]+)=(\d{1,10})$/
const LEAST_TTL_SECONDS = 900

function kindsTtl(entries: readonly string[]): ReadonlyMap<EventKind, number> {
  return new Map(
    entries.map((entry) => {
      const [, kind = '', seconds] = KIND_TTL.exec(entry) ?? []
      return [kind as EventKind, Number(seconds) * 1000]
    }),
  )
}

/** What is wrong with the ages of kinds; undefined when nothing is. */
export function kindsProblem(entries: readonly string[]): string | undefined {
  for (const entry of entries) {
    const [, kind = '', seconds] = KIND_TTL.exec(entry) ?? []
    if (seconds === undefined) return `${quoted(entry)} is no KIND=SECONDS such as tool_invocation=604800`
    if (!EVENT_KINDS.includes(kind as EventKind)) return `names no kind ${quoted(kind)}; ${nearest(kind, EVENT_KINDS)}`
    if (Number(seconds) < LEAST_TTL_SECONDS) return `${quoted(entry)}: give ${LEAST_TTL_SECONDS} seconds or more`
  }
  return undefined
}

/** @throws TallystickError `invalid_config` */
function controlSettings(config: Config): NonNullable<OpenOptions['control']> {
  const key = config.secret('control.key')
  return {
    url: config.text('control.url'),
    ...(key === undefined ? {} : { key }),
    staleMs: config.integer('control.stale_seconds') * 1000,
    budgetsWhenAway: config.text('control.budgets_when_away') as 'refuse' | 'pass',
  }
}

/** How the capture proxy is to work. */
export function proxySettings(config: Config): NonNullable<OpenOptions['proxy']> {
  const keys = config.secret('proxy.upstream_keys')
  const keyHashSecret = config.secret('proxy.key_hash_secret')
  return {
    entries: config.list('proxy.upstreams'),
    ...(keys === undefined ? {} : { keys }),
    ...(keyHashSecret === undefined ? {} : { keyHashSecret }),
    includeUsage: config.flag('proxy.include_usage'),
    enforceBudgets: config.flag('proxy.enforce_budgets'),
    idleMs: config.integer('proxy.idle_seconds') * 1000,
  }
}

function metricsOptions(config: Config): NonNullable<OpenOptions['metrics']> {
  const listen = listenAddress(config.text('metrics.listen'))
  return {
    names: config.text('metrics.names') as 'seed' | 'standard' | 'both',
    routiium: config.flag('metrics.routiium'),
    maxSeries: config.integer('metrics.max_series'),
    ...(listen === undefined ? {} : { listen }),
  }
}

function pushSettings(config: Config): NonNullable<OpenOptions['push']> {
  const headers = config.secret('otlp.push.headers')
  return {
    endpoint: config.text('otlp.push.endpoint'),
    ...(headers === undefined ? {} : { headers }),
    intervalMs: config.integer('otlp.push.interval_seconds') * 1000,
    timeoutMs: config.integer('otlp.push.timeout_seconds') * 1000,
    temporality: config.text('otlp.push.temporality') as 'cumulative' | 'delta',
    compression: config.text('otlp.push.compression') as 'gzip' | 'none',
    optIn: config.list('otlp.push.semconv').join(','),
  }
}

function loginOptions(config: Config): NonNullable<OpenOptions['login']> {
  const given = <Name extends string>(name: Name, key: string): { readonly [N in Name]?: string } =>
    config.text(key) === '' ? {} : ({ [name]: config.text(key) } as { readonly [N in Name]: string })
  const header = config.text('auth.proxy_header')
  const issuer = config.text('auth.oidc.issuer')
  const clientSecret = config.secret('auth.oidc.client_secret')
  if (header !== '' && config.list('http.trusted_proxies').length === 0)
    throw new TallystickError(
      'invalid_config',
      'auth.proxy_header is believed from the proxies of http.trusted_proxies only, and there are none.',
      { issues: [{ path: 'http.trusted_proxies', message: 'must name the proxy that sends auth.proxy_header' }] },
    )
  return {
    session: {
      idleMs: config.integer('auth.session_idle_seconds') * 1000,
      maxMs: config.integer('auth.session_max_seconds') * 1000,
    },
    ...(header === ''
      ? {}
      : {
          proxy: {
            header,
            groups: config.list('auth.proxy_groups'),
            ...given('groupsHeader', 'auth.proxy_groups_header'),
          },
        }),
    ...(issuer === ''
      ? {}
      : {
          oidc: {
            issuer,
            clientId: config.text('auth.oidc.client_id'),
            scopes: config.list('auth.oidc.scopes'),
            allowedDomains: config.list('auth.oidc.allowed_domains'),
            ...(clientSecret === undefined ? {} : { clientSecret }),
            ...given('redirectUrl', 'auth.oidc.redirect_url'),
            ...given('adminClaim', 'auth.oidc.admin_claim'),
            ...given('tenantClaim', 'auth.oidc.tenant_claim'),
          },
        }),
  }
}

/** What is wrong with the address of the metrics' own listener. */
export function listenProblem(address: string): string | undefined {
  if (address === '' || listenAddress(address) !== undefined) return undefined
  return `must be HOST:PORT or a port, as in 127.0.0.1:9090, not ${JSON.stringify(address)}`
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
