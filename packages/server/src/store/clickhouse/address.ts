import { quoted } from '@tallystick/core'

/** Where an engine is and which of its databases is the store's. */
export interface ClickhouseAddress {
  readonly host: string
  readonly tls: boolean
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: string
  /** How long one statement may take, ms. */
  readonly timeoutMs: number
}

const TIMEOUT_MS = 60_000

/**
 * Reads what stands behind the scheme of `clickhouse://user:password@host:8123/database?tls=1&timeout_ms=60000`. A text is
 * what is wrong with it; it repeats neither user nor password.
 */
export function readAddress(rest: string, tls: boolean): ClickhouseAddress | string {
  if (!/^\/\/[^/?]/.test(rest)) return 'needs a host, as in clickhouse://host:8123/database'
  let url: URL
  try {
    url = new URL(`http:${rest}`)
  } catch {
    return 'cannot be read; write clickhouse://user:password@host:8123/database'
  }
  const database = decodeURIComponent(url.pathname.slice(1)) || 'tallystick'
  if (!/^\w{1,64}$/.test(database))
    return `names the database ${quoted(database)}; use letters, digits and underscores, at most 64`
  let timeoutMs = TIMEOUT_MS
  let secure = tls
  for (const [name, value] of url.searchParams) {
    if (name === 'tls') {
      if (value !== '0' && value !== '1') return `has tls ${quoted(value)}; give 1 or 0`
      secure ||= value === '1'
    } else if (name === 'timeout_ms') {
      timeoutMs = /^\d{1,9}$/.test(value) ? Number(value) : 0
      if (timeoutMs < 1) return `has timeout_ms ${quoted(value)}; give an integer from 1 to 999999999`
    } else return `takes tls and timeout_ms, not ${quoted(name)}`
  }
  const port = url.port === '' ? (secure ? '8443' : '8123') : url.port
  return {
    host: `${url.hostname}:${/:80$/.test(rest.split('/')[2] ?? '') ? '80' : port}`,
    tls: secure,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database,
    timeoutMs,
  }
}
