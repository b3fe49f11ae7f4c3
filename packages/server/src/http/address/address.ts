import { isIP, SocketAddress } from 'node:net'

const MAPPED = '::ffff:'
/** Longer text is no address, whatever it is. */
const MAX_TEXT = 64

/**
 * An IP address in its one canonical spelling; undefined for anything else. A port, brackets and a zone are left out,
 * and IPv4 inside IPv6 is IPv4: a socket that listens on `::` shows every IPv4 client that way.
 *
 * @example canonicalAddress('[2001:DB8::0:1]:443') // '2001:db8::1'
 * @example canonicalAddress('::ffff:192.0.2.7') // '192.0.2.7'
 */
export function canonicalAddress(text: string): string | undefined {
  if (text.length > MAX_TEXT) return undefined
  const bare = withoutZone(withoutPort(text.trim()))
  const family = isIP(bare)
  if (family === 4) return bare
  if (family !== 6) return undefined
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' })
  const inner = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : ''
  return isIP(inner) === 4 ? inner : address
}

/**
 * The network of a canonical address, with the host's part zero: /24 of IPv4, /48 of IPv6.
 *
 * @example truncatedAddress('203.0.113.77') // '203.0.113.0'
 * @example truncatedAddress('2001:db8:1:2::3') // '2001:db8:1::'
 */
export function truncatedAddress(canonical: string): string {
  if (isIP(canonical) === 4) return canonical.replace(/\d+$/, '0')
  const [head = ''] = canonical.split('::')
  const groups = head === '' ? [] : head.split(':')
  // What `::` stands for is zero, and so is all behind the third group.
  const network = [0, 1, 2].map((at) => groups[at] ?? '0').join(':')
  return canonicalAddress(`${network}::`) as string
}

function withoutPort(text: string): string {
  if (text.startsWith('[')) return /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? ''
  return /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text
}

function withoutZone(text: string): string {
  const at = text.indexOf('%')
  return at < 0 ? text : text.slice(0, at)
}
