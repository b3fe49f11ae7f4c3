import { TallystickError } from '@tallystick/core'

export type BodyFormat = 'json' | 'ndjson'
/** The formats of CloudEvents that stand in the content type. */
export type CloudEventFormat = 'cloudevent' | 'cloudevents'

const FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
])

const CLOUD_EVENT_FORMATS: ReadonlyMap<string, CloudEventFormat> = new Map([
  ['application/cloudevents+json', 'cloudevent'],
  ['application/cloudevents-batch+json', 'cloudevents'],
])

/**
 * The format of a body of CloudEvents; undefined for any other.
 *
 * @throws TallystickError `unsupported_media_type`
 */
export function cloudEventFormat(contentType: string | undefined): CloudEventFormat | undefined {
  if (contentType === undefined || !/^\s*application\/cloudevents/i.test(contentType)) return undefined
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  const format = CLOUD_EVENT_FORMATS.get(type.trim())
  if (format === undefined)
    throw new TallystickError(
      'unsupported_media_type',
      `The content type ${JSON.stringify(contentType.slice(0, 128))} is not accepted; of CloudEvents send application/cloudevents+json or application/cloudevents-batch+json.`,
    )
  assertUtf8(parameters)
  return format
}

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
  assertUtf8(parameters)
  return format
}

/** @throws TallystickError `unsupported_media_type` */
function assertUtf8(parameters: readonly string[]): void {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.trim().split('=')
    if (name.trim() === 'charset' && !/^"?utf-?8"?$/.test(value.trim()))
      throw new TallystickError('unsupported_media_type', 'The charset is not UTF-8; JSON is always UTF-8.')
  }
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
