import type { Call } from '../route.ts'
import type { AddressEvidence } from './client-address.ts'

/** What a request that came as a `Request` tells of its sender. */
export function addressEvidence({ request: { headers }, peer }: Pick<Call, 'request' | 'peer'>): AddressEvidence {
  return {
    peer,
    forwarded: headers.get('forwarded') ?? undefined,
    forwardedFor: headers.get('x-forwarded-for') ?? undefined,
  }
}
