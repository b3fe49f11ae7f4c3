/** Below this, compressing saves less than its header and its turn of the event loop cost. */
const WORTH_IT_BYTES = 1024

/** The bytes as one gzip stream; undefined where that is not possible or not worth it. */
export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (bytes.byteLength < WORTH_IT_BYTES || typeof CompressionStream === 'undefined') return undefined
  try {
    const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))
    return new Uint8Array(await new Response(packed).arrayBuffer())
  } catch {
    // Some runtimes have the class without the format.
    return undefined
  }
}
