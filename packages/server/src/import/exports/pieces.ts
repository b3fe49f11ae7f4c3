import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { TallystickError } from '@tallystick/core'

/**
 * The text of a file in pieces, without its byte order mark; unpacked if its first bytes say gzip.
 *
 * @throws TallystickError `file_unreadable` when it is no UTF-8, or damaged gzip
 */
export async function* pieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of unpacked(bytes)) {
      const text = decoder.decode(chunk, { stream: true })
      if (text !== '') yield text
    }
    decoder.decode()
  } catch (cause) {
    const { code = '' } = cause as { code?: string }
    if (cause instanceof TypeError) throw new TallystickError('file_unreadable', 'The file is no UTF-8.', { cause })
    if (code.startsWith('Z_')) throw new TallystickError('file_unreadable', 'The gzip data is damaged.', { cause })
    throw cause
  }
}

async function* unpacked(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done) return
  const all = (async function* () {
    yield first.value
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  })()
  const [one, two] = first.value
  yield* one === 0x1f && two === 0x8b ? (Readable.from(all).pipe(createGunzip()) as AsyncIterable<Uint8Array>) : all
}
