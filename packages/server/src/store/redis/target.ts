import { quoted } from '@tallystick/core'

/** A Redis, or a cluster of them, and what part of it is ours: a URL once it is known to be right. */
export interface RedisTarget {
  readonly cluster: boolean
  /** One, or of a cluster as many as are given to find the others by. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly tls: boolean
  /** File of certificates that are trusted beside those of the system. */
  readonly ca?: string
  readonly username?: string
  readonly password?: string
  readonly db: number
  /** What every key begins with. Nothing else is ever touched. */
  readonly prefix: string
  /** Do not work with a Redis that may drop keys to make room. */
  readonly refuseEviction: boolean
}

export const DEFAULT_PREFIX = 'analytics:'
const DEFAULT_PORT = 6379
const PARAMETERS = ['prefix', 'ca', 'eviction']

/**
 * Reads what stands behind the colon of a URL of Redis. A text is what is wrong with it; it repeats nothing that may be a
 * password.
 *
 * @example readTarget('//cache:6379/2?prefix=llm:', { cluster: false, tls: false }) // { nodes: [{ host: 'cache', port: 6379 }], db: 2, ... }
 */
export function readTarget(
  rest: string,
  { cluster, tls }: { readonly cluster: boolean; readonly tls: boolean },
): RedisTarget | string {
  const example = cluster ? 'redis+cluster://HOST:6379,HOST:6379' : 'redis://HOST:6379'
  const parts = /^\/\/(?:([^/?#]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(rest)
  if (parts === null)
    return `is of Redis, but not as in ${example} (in a password write @, /, ?, # as %40, %2F, %3F, %23)`
  const [, userinfo, hosts = '', path = '', search = ''] = parts
  const nodes = hosts.split(',').map(readNode)
  if (nodes.includes(undefined))
    return `is of Redis, but names no host and port as in ${example} (in a password write @, / as %40, %2F)`
  if (nodes.length > 1 && !cluster) return 'names several hosts, which only redis+cluster:// has'
  const database = /^\/?$/.test(path) ? 0 : /^\/\d{1,5}$/.test(path) ? Number(path.slice(1)) : undefined
  if (database === undefined) return 'is of Redis, where a path is the number of a database, as in redis://HOST:6379/1'
  if (cluster && database !== 0) return 'is of a cluster of Redis, which has no database but 0'
  const credentials = readUserinfo(userinfo)
  if (credentials === undefined) return 'has a user or password with a % that begins no %-code; write it as %25'
  const more = readParameters(search, tls)
  if (typeof more === 'string') return more
  return { cluster, tls, nodes: nodes as RedisTarget['nodes'], db: database, ...credentials, ...more }
}

function readNode(text: string): RedisTarget['nodes'][number] | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text)
  if (match === null) return undefined
  const [, host = '', digits] = match
  const port = digits === undefined ? DEFAULT_PORT : Number(digits)
  return port >= 1 && port <= 65_535 ? { host: host.replace(/^\[|\]$/g, ''), port } : undefined
}

function readUserinfo(userinfo: string | undefined): Pick<RedisTarget, 'username' | 'password'> | undefined {
  if (userinfo === undefined || userinfo === '') return {}
  const colon = userinfo.indexOf(':')
  try {
    const username = decodeURIComponent(colon < 0 ? userinfo : userinfo.slice(0, colon))
    const password = colon < 0 ? '' : decodeURIComponent(userinfo.slice(colon + 1))
    return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) }
  } catch {
    return undefined
  }
}

function readParameters(search: string, tls: boolean): Pick<RedisTarget, 'prefix' | 'ca' | 'refuseEviction'> | string {
  let prefix = DEFAULT_PREFIX
  let ca: string | undefined
  let refuseEviction = false
  for (const [name, value] of new URLSearchParams(search)) {
    if (name === 'prefix') {
      // Braces would be a hash tag, and * ? [ ] \ a pattern.
      if (!/^[A-Za-z0-9:_.\-/]{1,64}$/.test(value))
        return 'has a prefix that is not 1 to 64 of letters, digits and : _ . - /'
      prefix = value
    } else if (name === 'ca') {
      if (!tls) return 'names a file of certificates, which only rediss:// and rediss+cluster:// use'
      if (value === '') return 'has an empty ca; name a file of certificates'
      ca = value
    } else if (name === 'eviction') {
      if (value !== 'warn' && value !== 'refuse') return `has eviction ${quoted(value)}; write warn or refuse`
      refuseEviction = value === 'refuse'
    } else return `takes ${PARAMETERS.join(', ')}, not ${quoted(name)}`
  }
  return { prefix, refuseEviction, ...(ca === undefined ? {} : { ca }) }
}
