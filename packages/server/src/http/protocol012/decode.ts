import type { ErrorCode } from '@tallystick/core'
import { type Decoder, decodeProtocol012, type RefusedItem } from '@tallystick/core/event'
import type { Credential } from './tokens.ts'

type Members = Record<string, unknown>

/** The item's own token, as it stands there; undefined where it has none. */
export function tokenOf(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || !Object.hasOwn(item, 'ic_token')) return undefined
  return (item as Members)['ic_token'] ?? undefined
}

/**
 * Reads an item as posted: the token first, then what the protocol asks for. Its agent and tenant are the token's, whatever
 * the item says, and whether it is authenticated is ours to say. Unlike on the native wire, id, instant and provider are required.
 */
export function protocolDecoder(readingOf: (item: unknown) => Credential): Decoder {
  return (item, context) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return decodeProtocol012(item, context)
    const members = item as Members
    const reading = readingOf(item)
    if (!reading.ok) return refused(members, reading.code, 'ic_token', reading.message)
    // The item is ours, just parsed: a copy would cost as much as reading it.
    const { agentId, tenantId } = reading.owner
    if (agentId !== undefined) members['agent_id'] = agentId
    if (tenantId !== undefined) members['tenant_id'] = tenantId
    if (members['authenticated'] !== undefined) members['authenticated'] = null
    if (members['auth_method'] !== undefined) members['auth_method'] = null
    const decoded = decodeProtocol012(members, context)
    if (!decoded.ok) return decoded
    if (decoded.idMinted) return missing(members, 'event_id')
    if (decoded.timestampMinted) return missing(members, 'timestamp_ms')
    const { kind } = decoded.event
    if ((kind === 'llm_request_completed' || kind === 'llm_request_failed') && !members['provider'])
      return missing(members, 'provider')
    return decoded
  }
}

function missing(members: Readonly<Members>, field: string): RefusedItem {
  return refused(members, 'missing_field', field, `${field} is missing`)
}

function refused(members: Readonly<Members>, code: ErrorCode, field: string, message: string): RefusedItem {
  const id = members['event_id']
  const usable = typeof id === 'string' && id !== '' && id.length <= 128 && id.isWellFormed()
  return { ok: false, code, field, message, ...(usable ? { eventId: id } : {}) }
}
