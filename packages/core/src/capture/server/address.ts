const V4 = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3}\.)(\d{1,3})$/i
const MAX_TEXT = 64

/**
 * What is kept of an address as sockets tell it: nothing, its network (/24 of IPv4, /48 of IPv6), or all of it. Nothing of what is
 * no address.
 *
 * @example keptAddress('::ffff:203.0.113.77', 'truncated') // '203.0.113.0'
 * @example keptAddress('2001:db8:1:2::3', 'truncated') // '2001:db8:1::'
 */
export function keptAddress(peer: string | undefined, policy: 'off' | 'truncated' | 'full'): string | undefined {
  if (policy === 'off' || peer === undefined || peer.length > MAX_TEXT) return undefined
  const address = peer.split('%', 1)[0] as string
  const v4 = V4.exec(address)
  if (v4 !== null) return `${v4[1]}${policy === 'truncated' ? '0' : v4[2]}`
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address)) return undefined
  if (policy === 'full') return address
  const [head = ''] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const network = [0, 1, 2].map((at) => groups[at] ?? '0')
  // What `::` stands for is zero, and zeros at the end of the network belong to it.
  while (network.length > 0 && network.at(-1) === '0') network.pop()
  return `${network.join(':')}::`
}
