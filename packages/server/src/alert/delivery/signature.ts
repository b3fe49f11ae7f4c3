import { createHmac } from 'node:crypto'

/** Header that a signed webhook bears. */
export const SIGNATURE_HEADER = 'Tallystick-Signature'

/**
 * The value of {@link SIGNATURE_HEADER}: HMAC-SHA256, in hex, of the seconds, a dot and the body as sent. The receiver computes
 * the same, compares in constant time, and refuses seconds that lie too far back.
 *
 * @example signature('secret', 1700000000, '{}') // 't=1700000000,v1=...'
 */
export function signature(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}
