import { isIP } from 'node:net'
import { addressKind } from '../../addresses.ts'

/** Where messages may go. */
export interface HostPolicy {
  /** What is wrong with an address before anything is looked up; undefined when nothing is. */
  urlProblem(url: string): string | undefined
  /** May a connection for this host name (as in a URL) go to this address? */
  permits(hostname: string, address: string): boolean
}

const MAX_URL_CHARS = 2_000

/**
 * With an empty list messages go to public addresses, whatever the name. With a list, to the hosts on it: a name
 * (`hooks.example.com`), its subdomains (`*.example.com`), an address, or `*` for everything public. A name on the list may
 * lie in a private network; link-local addresses, where clouds keep their secrets, are reached by no name.
 */
export function hostPolicy(allowed: readonly string[]): HostPolicy {
  const entries = allowed.map((entry) => bare(entry.trim().toLowerCase())).filter((entry) => entry !== '')
  const anyPublic = entries.length === 0 || entries.includes('*')
  const listed = (host: string): boolean =>
    entries.some((entry) => entry === host || (entry.startsWith('*.') && host.endsWith(entry.slice(1))))

  const permits = (hostname: string, address: string): boolean => {
    const host = bare(hostname.toLowerCase())
    // An address that is written down is permitted as such, a name for what it stands for.
    if (isIP(host) !== 0 && listed(host)) return host === bare(address.toLowerCase())
    const kind = addressKind(address)
    return kind === 'public' ? anyPublic || listed(host) : kind === 'private' && listed(host)
  }
  return {
    permits,
    urlProblem(text) {
      if (text.length > MAX_URL_CHARS || !URL.canParse(text))
        return 'expected an absolute URL such as https://example.com/hook'
      const url = new URL(text)
      if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://'
      if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
      // The parser has made dotted decimals of every other spelling of an IPv4 address.
      const host = bare(url.hostname)
      if (isIP(host) !== 0)
        return permits(host, host)
          ? undefined
          : `goes to ${host}, which is not permitted; list it in alerts.allowed_hosts`
      return anyPublic || listed(host) ? undefined : `goes to ${host}, which is not in alerts.allowed_hosts`
    },
  }
}

/** Without the brackets of an IPv6 address, and without the dot that ends a name. */
const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
