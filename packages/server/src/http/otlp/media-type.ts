import { TallystickError } from '@tallystick/core'

/** The two encodings of OTLP/HTTP. */
export type OtlpFormat = 'protobuf' | 'json'

const TYPES: { readonly [F in OtlpFormat]: string } = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

export const typeOf = (format: OtlpFormat): string => TYPES[format]

/** The encoding of a body; undefined where it is none of the two. */
export function formatOf(contentType: string | null): OtlpFormat | undefined {
  const [type = ''] = (contentType ?? '').toLowerCase().split(';')
  switch (type.trim()) {
    case 'application/x-protobuf':
      return 'protobuf'
    case 'application/json':
      return 'json'
    default:
      return undefined
  }
}

/** @throws TallystickError `unsupported_media_type` */
export function requiredFormat(contentType: string | null): OtlpFormat {
  const format = formatOf(contentType)
  if (format !== undefined) return format
  throw new TallystickError(
    'unsupported_media_type',
    `The content type ${contentType === null ? 'is missing' : JSON.stringify(contentType.slice(0, 128))}; send application/x-protobuf or application/json.`,
  )
}
