import { hash } from 'node:crypto'
import type { UsageEvent } from '@tallystick/core/event'

export type Identified = Pick<UsageEvent, 'eventId' | 'tenantId' | 'agentId' | 'sourceId'>

/**
 * What makes two events the same one: tenant, then agent (or source, where there is no agent), then id. Every part but
 * the last carries its length, so no two identities share a text whatever characters they are made of.
 *
 * @example identityText({ tenantId: 'a-b', agentId: 'c', eventId: 'd' }) // 't3:a-ba1:cd'
 */
export function identityText(event: Identified): string {
  const { tenantId, agentId, sourceId } = event
  const tenant = tenantId === undefined ? '-' : `t${tenantId.length}:${tenantId}`
  if (agentId !== undefined) return `${tenant}a${agentId.length}:${agentId}${event.eventId}`
  if (sourceId !== undefined) return `${tenant}s${sourceId.length}:${sourceId}${event.eventId}`
  return `${tenant}-${event.eventId}`
}

/**
 * Writes the 128-bit key of an identity to `out` as four words: the head of SHA-256 over salt and text. SHA-256 because
 * ids come from strangers and two identities under one key would lose an event; the secret salt because tables are
 * ordered by the key's head, and whoever could choose it could make one long cluster of them.
 */
export function identityKey(salt: string, event: Identified, out: Uint32Array): void {
  const digest = hash('sha256', salt + identityText(event), 'binary')
  out[0] = word(digest, 0)
  out[1] = word(digest, 4)
  out[2] = word(digest, 8)
  out[3] = word(digest, 12)
}

/**
 * 64 bits, as 16 hex digits, over the canonical JSON of what the client sent. It tells a repeat from a conflict and
 * nothing else: a collision reports a conflict as a duplicate, and the first write stands in either case.
 */
export function contentHash(content: Uint8Array): string {
  return hash('sha256', content, 'hex').slice(0, 16)
}

/** Of an event that only the store still holds: what its sender sent is not known. No real hash is likely to be this one. */
export const UNKNOWN_CONTENT = '0'.repeat(16)

/**
 * The id of item `index` of a delivery that carries an `Idempotency-Key` and no ids of its own: UUIDv8 (RFC 9562), so
 * stores keep it as compactly as any UUID.
 */
export function idempotentId(key: string, index: number): string {
  const hex = hash('sha256', `idempotency-key:${index}:${key}`, 'hex')
  const variant = '89ab'[Number.parseInt(hex[16] as string, 16) & 3] as string
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function word(digest: string, at: number): number {
  return (
    ((digest.charCodeAt(at) << 24) |
      (digest.charCodeAt(at + 1) << 16) |
      (digest.charCodeAt(at + 2) << 8) |
      digest.charCodeAt(at + 3)) >>>
    0
  )
}
