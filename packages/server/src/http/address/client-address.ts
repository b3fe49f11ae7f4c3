import { BlockList, isIP } from 'node:net'
import { type Issue, TallystickError } from '@tallystick/core'
import type { Decoder } from '@tallystick/core/event'
import type { Observed } from '../../ingest/ingest.ts'
import { canonicalAddress, truncatedAddress } from './address.ts'
import { forwardedForHops, forwardedHops } from './forwarded.ts'

/** How much of a client's address is kept: nothing, its network, or all of it. */
export type AddressPolicy = 'off' | 'truncated' | 'full'

/** What is kept of the address of a client. */
export interface ClientAddressOptions {
  readonly policy: AddressPolicy
  /** Addresses and networks (`10.0.0.0/8`) whose word on where a request came from is taken. */
  readonly trustedProxies: readonly string[]
}

/** What a connection and its headers say about the sender. */
export interface AddressEvidence {
  /** The other end of the connection; undefined where there is none. */
  readonly peer: string | undefined
  readonly forwarded: string | undefined
  readonly forwardedFor: string | undefined
}

/** Decides what is known of the address of a client, and what of it is kept. */
export interface ClientAddress {
  /**
   * Who sent a request, whole, for limits and never for keeping: the peer or, where that is a trusted proxy, whoever the
   * proxies name. Undefined where a proxy hides it.
   */
  sender(evidence: AddressEvidence): string | undefined
  /** Is the other end of a connection one of the trusted proxies? */
  trusts(peer: string | undefined): boolean
  /** What events that say nothing about it get; undefined when nothing is kept. */
  observed(evidence: AddressEvidence): Observed | undefined
  /** Holds the `clientIp` of decoded events to the policy, whoever sent it. */
  held(decode: Decoder): Decoder
}

/**
 * Nothing is kept unless the policy says so; what a gateway sends as `client_ip` is held to the same rule, so that one
 * key decides whether addresses are kept at all.
 *
 * @throws TallystickError `invalid_config` when a proxy is neither an address nor a network
 */
export function createClientAddress({ policy, trustedProxies }: ClientAddressOptions): ClientAddress {
  const trusted = blockList(trustedProxies)
  const trusts = (address: string): boolean => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  const sender = ({ peer, forwarded, forwardedFor }: AddressEvidence): string | undefined => {
    const direct = peer === undefined ? undefined : canonicalAddress(peer)
    if (direct === undefined || !trusts(direct)) return direct
    const named = [
      ...(forwarded === undefined ? [] : [walked(forwardedHops(forwarded), trusts)]),
      ...(forwardedFor === undefined ? [] : [walked(forwardedForHops(forwardedFor), trusts)]),
    ]
    // A proxy writes one of the two and passes the other on as the client sent it: where they differ, one is made up.
    if (named.length === 2 && named[0] !== named[1]) return undefined
    return named.length === 0 ? direct : named[0]
  }
  const kept = (address: string): string => (policy === 'truncated' ? truncatedAddress(address) : address)
  return {
    sender,
    trusts(peer) {
      const address = peer === undefined ? undefined : canonicalAddress(peer)
      return address !== undefined && trusts(address)
    },
    observed(evidence) {
      if (policy === 'off') return undefined
      const address = sender(evidence)
      return address === undefined ? undefined : { clientIp: kept(address) }
    },
    held(decode) {
      if (policy === 'full') return decode
      return (item, context) => {
        const decoded = decode(item, context)
        if (!decoded.ok || decoded.event.clientIp === undefined) return decoded
        const { clientIp, ...rest } = decoded.event
        const address = policy === 'off' ? undefined : canonicalAddress(clientIp)
        // A copy without the member: deleting it would leave the engine with an object that is slow to read.
        return { ...decoded, event: address === undefined ? rest : { ...rest, clientIp: kept(address) } }
      }
    },
  }
}

/** From the nearest hop outwards: each is believed because the one before it is trusted. */
function walked(hops: readonly string[], trusts: (address: string) => boolean): string | undefined {
  let address: string | undefined
  for (const hop of hops.toReversed()) {
    address = canonicalAddress(hop)
    if (address === undefined || !trusts(address)) return address
  }
  return address
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  const issues: Issue[] = []
  for (const entry of entries) {
    const [network = '', bits, ...more] = entry.split('/')
    const family = isIP(network)
    const widest = family === 6 ? 128 : 32
    const prefix = bits === undefined ? widest : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
    if (family === 0 || prefix < 0 || prefix > widest || more.length > 0) {
      issues.push({
        path: 'http.trusted_proxies',
        message: `${JSON.stringify(entry.slice(0, 64))} is no address or network such as 10.0.0.0/8`,
      })
    } else list.addSubnet(network, prefix, family === 6 ? 'ipv6' : 'ipv4')
  }
  if (issues.length > 0)
    throw new TallystickError(
      'invalid_config',
      `A trusted proxy cannot be read: ${issues.map(({ message }) => message).join('; ')}.`,
      { issues },
    )
  return list
}
