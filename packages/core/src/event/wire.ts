/**
 * The native wire: JSON whose members are the snake_case names of the canonical event.
 *
 * `decode` is the door for what strangers send, `trusted` reads back what we wrote, `encode` writes, `content` gives the
 * text by which a repeated send is told from a contradiction.
 */
export * from './wire/content.ts'
export * from './wire/decode.ts'
export type { DecodeContext, Decoded, DecodedEvent, Decoder, RefusedItem } from './wire/decoder.ts'
export * from './wire/encode.ts'
export * from './wire/trusted.ts'
