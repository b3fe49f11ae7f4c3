import { BlockList, isIP } from 'node:net'

/** `private` networks are somebody's own; `special` is whatever nobody sends a message to, link-local metadata services first. */
export type AddressKind = 'public' | 'private' | 'special'

const PRIVATE = listOf([
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
])

/** @source https://www.iana.org/assignments/iana-ipv4-special-registry (retrieved 2026-11-21) */
const SPECIAL_V4 = listOf([
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
])

/** What of IPv6 is given out to the public, less the parts that stand for other addresses or for none. */
const GLOBAL_V6 = listOf([['2000::', 3]])
/** @source https://www.iana.org/assignments/iana-ipv6-special-registry (retrieved 2026-11-21) */
const SPECIAL_V6 = listOf([
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
])

function listOf(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, isIP(network) === 6 ? 'ipv6' : 'ipv4')
  return list
}

/**
 * What kind of address it is. An IPv4 address inside an IPv6 one is special: nobody who means well writes it so.
 *
 * @example addressKind('169.254.169.254') // 'special'
 */
export function addressKind(address: string): AddressKind {
  const version = isIP(address)
  if (version === 4) {
    if (PRIVATE.check(address, 'ipv4')) return 'private'
    return SPECIAL_V4.check(address, 'ipv4') ? 'special' : 'public'
  }
  // A zone (`fe80::1%eth0`) is for link-local addresses only.
  if (version !== 6 || address.includes('%') || isMapped(address)) return 'special'
  if (PRIVATE.check(address, 'ipv6')) return 'private'
  return GLOBAL_V6.check(address, 'ipv6') && !SPECIAL_V6.check(address, 'ipv6') ? 'public' : 'special'
}

const MAPPED = listOf([['::ffff:0:0', 96]])

/** The block lists of older runtimes look through a mapped address at the IPv4 one, others do not; so it is asked by itself. */
function isMapped(address: string): boolean {
  return address.toLowerCase().startsWith('::ffff:') || MAPPED.check(address, 'ipv6')
}
