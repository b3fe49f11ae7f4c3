/** The nested document of Routiium, as first described and extended: a lossless view of the canonical event. */
export * from './routiium/decode.ts'
export * from './routiium/document.ts'
export * from './routiium/encode.ts'
export { NO_MODEL, NO_RESPONSE } from './routiium/flatten.ts'
