import { TallystickError } from '@tallystick/core'

export type BodyFormat = 'json' | 'ndjson'

const FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
])

/**
 * The format of a body. Only types that a web page cannot send to another site without being asked first are accepted:
 * `text/plain` and forms would let any page post events.
 *
 * @throws TallystickError `unsupported_media_type`
 * @example bodyFormat('application/json; charset=utf-8') // 'json'
 */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  const plain = contentType === undefined ? undefined : FORMATS.get(contentType)
  if (plain !== undefined) return plain
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  const format = FORMATS.get(type.trim())
  if (format === undefined)
    throw new TallystickError(
      'unsupported_media_type',
      `The content type ${contentType === undefined ? 'is missing' : JSON.stringify(contentType.slice(0, 128))}; send application/json or application/x-ndjson.`,
    )
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.trim().split('=')
    if (name.trim() === 'charset' && !/^"?utf-?8"?$/.test(value.trim()))
      throw new TallystickError('unsupported_media_type', 'The charset is not UTF-8; JSON is always UTF-8.')
  }
  return format
}

/**
 * Is the body compressed? One layer of gzip at most: stacked codings are a way to hide a bomb.
 *
 * @throws TallystickError `unsupported_encoding`
 */
export function isGzipped(contentEncoding: string | undefined): boolean {
  if (contentEncoding === undefined) return false
  const coding = contentEncoding.trim().toLowerCase()
  if (coding === 'gzip' || coding === 'x-gzip') return true
  if (coding === '' || coding === 'identity') return false
  throw new TallystickError(
    'unsupported_encoding',
    `The content encoding ${JSON.stringify(contentEncoding.slice(0, 64))} is not accepted; send gzip or nothing.`,
  )
}
