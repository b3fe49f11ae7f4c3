import { hash, randomInt } from 'node:crypto'

const ID_LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'
const ID_LENGTH = 10
const SECRET_LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Of 62 letters: 256 bits. */
const SECRET_LENGTH = 43

/** What tells a key from other tokens. */
export const KEY_PREFIX = 'tsk_'

const KEY = /^tsk_([0-9a-z]{1,32})_([0-9A-Za-z]{43})$/

/** A key that has just been made: the only moment at which its text is known. */
export interface MintedKey {
  readonly id: string
  /** `tsk_<id>_<secret>`. */
  readonly text: string
  readonly secretHash: string
}

/** Makes a key of 256 random bits. Its hash needs no slow function: there is nothing to guess. */
export function mintKey(): MintedKey {
  const id = letters(ID_LETTERS, ID_LENGTH)
  const secret = letters(SECRET_LETTERS, SECRET_LENGTH)
  return { id, text: `${KEY_PREFIX}${id}_${secret}`, secretHash: secretHashOf(secret) }
}

/** The parts of a key's text; undefined for what is none. */
export function parseKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = KEY.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** SHA-256, hex. */
export function secretHashOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

const letters = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
