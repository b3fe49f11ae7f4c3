import { rm } from 'node:fs/promises'
import { TallystickError } from '@tallystick/core'
import { isErased } from '../erased.ts'
import type { EraseRequest } from '../store.ts'
import { type Change, rewriteFile, temporaryPath } from './compact.ts'
import { encodeLine, readLine } from './document-line.ts'
import type { FileSet } from './file-set.ts'

/** Somebody else may write to the file while it is written anew. */
const ATTEMPTS = 10
const BACKSLASH = 0x5c

/** Writes a file anew with the pseudonym where the user stood; documents of others too. Gives how many events had the user. */
export async function eraseInFile(set: FileSet, number: number, request: EraseRequest): Promise<number> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const file = set.files.find((one) => one.number === number)
    if (file?.identity === undefined) return 0
    await rm(temporaryPath(file), { force: true })
    const { change, changed, events } = erasing(request)
    const rewritten = await rewriteFile(set.names, file, set.rules(file), change, changed)
    if (rewritten !== undefined) {
      set.put(rewritten)
      return events()
    }
    await set.look('all')
    await set.repair()
  }
  throw new TallystickError(
    'store_unavailable',
    `A user cannot be erased from ${set.names.active}: others keep writing to it, or it has a line of more than 64 MiB.`,
  )
}

function erasing(request: EraseRequest): {
  readonly change: Change
  readonly changed: () => boolean
  readonly events: () => number
} {
  const user = Buffer.from(JSON.stringify(request.userId))
  const pseudonym = Buffer.from(JSON.stringify(request.pseudonym))
  let events = 0
  let changed = false
  const change: Change = (bytes) => {
    // Others may have written the name with escapes.
    const mayHold = bytes.includes(user) || bytes.includes(BACKSLASH)
    if (!mayHold) return bytes
    const line = readLine(bytes, 0, bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length)
    if (line === undefined) {
      const cleaned = replaceAll(bytes, user, pseudonym)
      changed ||= cleaned !== bytes
      return cleaned
    }
    const { event, sound, stamp } = line
    // What others have written has no place in the order and counts as there before.
    if (!isErased({ ordinal: stamp?.ordinal ?? 0, receivedMs: 0, event }, request)) return bytes
    events++
    changed = true
    if (stamp !== undefined && sound) return encodeLine({ ...stamp, event: { ...event, userId: request.pseudonym } })
    return renamed(bytes, request.pseudonym)
  }
  return { change, changed: () => changed, events: () => events }
}

/** A document of somebody's keeps whatever else is in it. */
function renamed(bytes: Buffer, pseudonym: string): Buffer {
  const document = JSON.parse(bytes.toString('utf8', bytes[0] === 0xef ? 3 : 0)) as Record<string, unknown>
  const own = document['x_tallystick'] as Readonly<Record<string, unknown>>
  return Buffer.from(`${JSON.stringify({ ...document, x_tallystick: { ...own, user_id: pseudonym } })}\n`)
}

function replaceAll(bytes: Buffer, from: Buffer, to: Buffer): Buffer {
  const parts: Buffer[] = []
  let start = 0
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, start)) {
    parts.push(bytes.subarray(start, at), to)
    start = at + from.length
  }
  return start === 0 ? bytes : Buffer.concat([...parts, bytes.subarray(start)])
}
