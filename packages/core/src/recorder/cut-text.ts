import { cutUtf8, utf8Bytes, withoutHalfPair } from '../event/wire/text.ts'

/** Beyond this many characters the beginning of a text is not looked at. */
const MAX_READ = 65_536

/**
 * A text cut to `max` bytes at a whole character; anything else comes back as it is, for the check that follows.
 *
 * Of a text beyond 64 Ki characters only the length is kept, in words: a text that was joined from parts is copied as a
 * whole, at a hundred megabytes for tens of milliseconds, once anybody asks for its beginning.
 *
 * @example cutText('x'.repeat(100_000), 1024) // '(text of 100000 characters)'
 */
export function cutText(value: unknown, max: number): unknown {
  if (typeof value !== 'string' || value.length * 3 <= max) return value
  if (value.length > MAX_READ) return `(text of ${value.length} characters)`
  if (value.length <= max && utf8Bytes(value) <= max) return value
  const cut = cutUtf8(withoutHalfPair(value.slice(0, max)).toWellFormed(), max)
  // The engine keeps a part of a text as a view of the whole; joined to something and cut again it is a copy of its own.
  return `\0${cut}`.slice(1)
}
