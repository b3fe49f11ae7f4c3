import type { Attributes, AttributeValue } from './model.ts'

/** Names of an attribute, the one that counts first: conventions rename, and programs go on sending the old name. */
export type Names = readonly string[]

const MAX_TEXT = 256
const DIGITS = /^-?\d{1,16}$/

/** The first of these attributes that there is. */
export function first(attributes: Attributes, names: Names): AttributeValue | undefined {
  for (const name of names) {
    const value = attributes.get(name)
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

/** A text, or a number as text. One of more than `most` bytes, which is no name, is none. */
export function textOf(attributes: Attributes, names: Names, most = MAX_TEXT): string | undefined {
  for (const name of names) {
    const text = plainText(attributes.get(name), most)
    if (text !== undefined) return text
  }
  return undefined
}

/** The first of a list, or the value itself: `gen_ai.response.finish_reasons` is a list, older names are not. */
export function firstOf(attributes: Attributes, names: Names): AttributeValue | undefined {
  const value = first(attributes, names)
  return Array.isArray(value) ? (value as readonly AttributeValue[])[0] : value
}

function plainText(value: AttributeValue | undefined, most: number): string | undefined {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string' || value === '' || value.length > most) return undefined
  // No character takes more than three bytes per UTF-16 unit.
  if (value.length * 3 > most && Buffer.byteLength(value) > most) return undefined
  return value.isWellFormed() && !value.includes('\0') ? value : undefined
}

/** A number, or a text that is a whole one: several programs send their counts as text. Its range is not looked at. */
export function numberOf(attributes: Attributes, names: Names): number | undefined {
  const value = first(attributes, names)
  if (typeof value === 'number') return value
  return typeof value === 'string' && DIGITS.test(value) ? Number(value) : undefined
}

export function flagOf(attributes: Attributes, names: Names): boolean | undefined {
  const value = first(attributes, names)
  if (typeof value === 'boolean') return value
  return value === 'true' ? true : value === 'false' ? false : undefined
}

const MAX_NAME = 128

/** A text that may be the name of something, rather than what somebody wrote. */
export function plainName(value: AttributeValue | undefined): string | undefined {
  return typeof value === 'string' ? plainText(value, MAX_NAME) : undefined
}
