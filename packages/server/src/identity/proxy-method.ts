import { type Issue, TallystickError } from '@tallystick/core'
import type { KeyScope } from '../state/key.ts'
import type { AuthMethod, Evidence } from './auth-method.ts'
import { scopesOf } from './principal.ts'

/** How a proxy that has found out who asks says so. */
export interface ProxyHeaderOptions {
  /** Names the person, e.g. `X-Forwarded-User`. */
  readonly header: string
  /** Lists the person's groups, with commas between them. */
  readonly groupsHeader?: string
  /** What the members of a group may do, as `group=scope`. Empty: whoever the proxy names may read. */
  readonly groups?: readonly string[]
}

const METHOD = 'proxy'
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/
const MAX_CHARACTERS = 256
/** Control characters, and the comma that stands between two headers of one name. */
const UNUSABLE = /[\p{Cc},]/u
const SCOPES: readonly KeyScope[] = ['ingest', 'read', 'admin']

/**
 * By the header of a trusted proxy. From anybody else the header is as if it were not there. The proxy must replace what a
 * client sends under that name; where it has added its own to it, the two arrive as one with a comma, which is refused.
 *
 * @param trusted is the other end of the connection one of our proxies?
 * @throws TallystickError `invalid_config` when a header or a group cannot be one
 */
export function proxyMethod(options: ProxyHeaderOptions, trusted: (peer: string | undefined) => boolean): AuthMethod {
  const [header, groupsHeader] = [options.header.toLowerCase(), options.groupsHeader?.toLowerCase()]
  const scopesOfGroups = groupScopes(options)
  return {
    name: METHOD,
    closes: () => true,
    authenticate({ headers, peer }: Evidence) {
      const value = headers.get(header)
      if (value === null || !trusted(peer)) return undefined
      const person = value.trim()
      if (person === '' || person.length > MAX_CHARACTERS || !person.isWellFormed() || UNUSABLE.test(person))
        throw new TallystickError('unauthorized', `The header ${options.header} of the proxy does not name one person.`)
      const groups = groupsHeader === undefined ? [] : (headers.get(groupsHeader) ?? '').split(',')
      return { kind: 'user', name: `user ${person}`, scopes: scopesOfGroups(groups), method: METHOD }
    },
  }
}

const READ: ReadonlySet<KeyScope> = new Set(['read'])

function groupScopes({
  header,
  groupsHeader,
  groups = [],
}: ProxyHeaderOptions): (names: readonly string[]) => ReadonlySet<KeyScope> {
  const issues: Issue[] = []
  if (!TOKEN.test(header)) issues.push({ path: 'auth.proxy_header', message: 'is not the name of a header' })
  if (groupsHeader !== undefined && !TOKEN.test(groupsHeader))
    issues.push({ path: 'auth.proxy_groups_header', message: 'is not the name of a header' })
  const byGroup = new Map<string, KeyScope[]>()
  for (const entry of groups) {
    const at = entry.lastIndexOf('=')
    const [group, scope] = [entry.slice(0, Math.max(0, at)).trim(), entry.slice(at + 1).trim() as KeyScope]
    if (group === '' || !SCOPES.includes(scope))
      issues.push({
        path: 'auth.proxy_groups',
        message: `${JSON.stringify(entry.slice(0, 64))} is not group=scope with one of ${SCOPES.join(', ')}`,
      })
    else byGroup.set(group, [...(byGroup.get(group) ?? []), scope])
  }
  if (byGroup.size > 0 && groupsHeader === undefined)
    issues.push({ path: 'auth.proxy_groups', message: 'needs auth.proxy_groups_header' })
  if (issues.length > 0)
    throw new TallystickError(
      'invalid_config',
      `The header of a proxy cannot be used: ${issues.map(({ path, message }) => `${path} ${message}`).join('; ')}.`,
      { issues },
    )
  if (byGroup.size === 0) return () => READ
  return (names) => scopesOf(names.flatMap((name) => byGroup.get(name.trim()) ?? []))
}
