import { isDeepStrictEqual } from 'node:util'
import type { JournalChange } from '@tallystick/core/journal'
import { fromJournal } from '../ingest/dedup/replay.ts'
import { isErased } from '../store/erased.ts'
import type { EraseRequest } from '../store/store.ts'

const BACKSLASH = 0x5c
const MEMBER = '"user_id":'
/** A shorter name stands in many words by chance. */
const PLAIN_BYTES = 4

/** How the lines of the journal are changed, and what is no line any more is masked. */
export function userLines(request: EraseRequest): Pick<JournalChange, 'concerns' | 'change' | 'mask'> {
  const token = JSON.stringify(request.userId)
  const escaped = Buffer.from(token.slice(1, -1))
  const mask = maskOf(request.userId)
  return {
    // A name with escapes can be written in several ways.
    concerns: (line) => line.includes(escaped) || line.includes(BACKSLASH),
    change({ type, ordinal, members }) {
      if (type !== 'event') return undefined
      const body = JSON.parse(`{${members}}`) as Readonly<Record<string, unknown>>
      const stored = fromJournal(ordinal, body)
      if (stored === undefined || !isErased(stored, request)) return undefined
      return renamed(members, body, request)
    },
    mask,
  }
}

/** The members with the pseudonym, everything else byte for byte as it was. */
function renamed(
  members: string,
  body: Readonly<Record<string, unknown>>,
  { pseudonym, userId }: EraseRequest,
): string {
  const expected = { ...body, e: { ...(body['e'] as object), user_id: pseudonym } }
  // The name of the member may also stand in a tag; only one of the places makes the event that is wanted.
  for (let at = members.indexOf(MEMBER); at >= 0; at = members.indexOf(MEMBER, at + 1)) {
    const [token] = /^"(?:[^"\\]|\\.)*"/.exec(members.slice(at + MEMBER.length)) ?? []
    if (token === undefined || JSON.parse(token) !== userId) continue
    const start = at + MEMBER.length
    const changed = members.slice(0, start) + JSON.stringify(pseudonym) + members.slice(start + token.length)
    if (isDeepStrictEqual(JSON.parse(`{${changed}}`), expected)) return changed
  }
  return JSON.stringify(expected).slice(1, -1)
}

/** Puts as many `x` in the place of the name, in bytes of which nobody knows what they are. */
export function maskOf(userId: string): (bytes: Buffer) => Buffer {
  const token = JSON.stringify(userId)
  const escaped = token.slice(1, -1)
  const whole = Buffer.byteLength(escaped) >= PLAIN_BYTES ? [escaped, userId] : []
  // Cut off behind the name, the member still tells it.
  const wanted = [...whole, token, MEMBER + token.slice(0, -1)]
  return (bytes) => {
    let masked = bytes
    for (const text of wanted) {
      const name = text === escaped || text === userId ? text : escaped
      const skip = Buffer.byteLength(text.slice(0, text.indexOf(name)))
      const found = Buffer.from(text)
      for (let at = masked.indexOf(found); at >= 0; at = masked.indexOf(found, at + 1)) {
        if (masked === bytes) masked = Buffer.from(bytes)
        masked.fill('x', at + skip, at + skip + Buffer.byteLength(name))
      }
    }
    return masked
  }
}
