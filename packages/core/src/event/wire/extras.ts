import type { JsonValue, Mutable, UsageEvent } from '../event.ts'
import { FIELD_OF_WIRE_NAME, FIELDS } from '../fields.ts'
import { WIRE_ALIASES, type WireItem } from './item.ts'
import { isText, utf8Bytes } from './text.ts'
import { setOwn } from './values.ts'

/** A longer text is not a name or a value of something but what somebody wrote. */
export const MAX_TEXT = 256
const MAX_DETAIL_BYTES = (FIELDS.detail as { readonly max: number }).max

/**
 * Members that are a secret or what somebody said to a model, wherever they turn up: there is no place for either.
 * (`message`, `input` and the like are text in some dialects and lists in others; lists are not kept anyway.)
 */
const NEVER_KEPT: ReadonlySet<string> = new Set([
  ...[
    'prompt',
    'system',
    'system_prompt',
    'instructions',
    'message',
    'messages',
    'content',
    'text',
    'query',
    'question',
  ],
  ...['input', 'output', 'completion', 'answer', 'response', 'reasoning', 'thinking', 'arguments', 'result', 'body'],
  ...['request_body', 'response_body', 'prompt_text', 'response_text', 'completion_text', 'input_text', 'output_text'],
  ...[
    'authorization',
    'cookie',
    'password',
    'passwd',
    'secret',
    'token',
    'jwt',
    'bearer',
    'credential',
    'credentials',
    'key',
  ],
  'apikey',
  'apiKey',
])
const SECRET_ENDINGS: readonly string[] = [
  '_token',
  '_key',
  '_secret',
  '_password',
  '-key',
  '-token',
  'Token',
  'Key',
  'Secret',
  'Password',
]

/**
 * Puts the members that the wire does not know into the event's `detail`, under their own names: numbers, booleans and
 * strings of at most 256 UTF-16 units, in the order sent, while `detail` stays within its limit. What does not fit,
 * lists, objects, text that is not valid Unicode and names that mean content or secrets are left out; none of them is a
 * reason to refuse the event. A name that `detail` already has is not replaced.
 */
export function collectExtras(item: WireItem, event: Mutable<UsageEvent>): void {
  const members = item as Readonly<Record<string, unknown>>
  let detail: Record<string, JsonValue> | undefined
  let room = -1
  for (const name of Object.keys(members)) {
    if (FIELD_OF_WIRE_NAME.has(name) || WIRE_ALIASES.includes(name)) continue
    const value = members[name]
    if (!isKept(name, value)) continue
    detail ??= { ...event.detail }
    if (room < 0) room = MAX_DETAIL_BYTES - utf8Bytes(JSON.stringify(detail))
    if (Object.hasOwn(detail, name)) continue
    // A comma and a colon more than the two texts; the comma of a first member is one byte too careful.
    const bytes = utf8Bytes(JSON.stringify(name)) + utf8Bytes(JSON.stringify(value)) + 2
    if (bytes > room) continue
    room -= bytes
    setOwn(detail, name, typeof value === 'number' ? value + 0 : value)
  }
  if (detail !== undefined && Object.keys(detail).length > 0) event.detail = detail
}

function isKept(name: string, value: unknown): value is string | number | boolean {
  if (name === '' || name.length > 128 || !isText(name)) return false
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'boolean') return true
  if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT || !isText(value)) return false
  return !meansContentOrSecret(name)
}

/** Does a member of this name hold a secret, or what somebody said to a model? */
export function meansContentOrSecret(name: string): boolean {
  return NEVER_KEPT.has(name) || SECRET_ENDINGS.some((ending) => name.endsWith(ending))
}
