/** Parts of zstd data made by hand (RFC 8878, 3.1), which unpack to much more than a packer would make of honest texts. */
const BLOCK = 128 * 1024

/** The head of a frame with a window of `2 ** windowLog` bytes. */
export const head = (windowLog: number): Buffer => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3])

const block = (type: number, size: number, last: boolean, content: Uint8Array): Buffer => {
  const first = Buffer.alloc(3)
  first.writeUIntLE((size << 3) | (type << 1) | Number(last), 0, 3)
  return Buffer.concat([first, content])
}

/** A text of less than 128 KiB as it is. */
export const plain = (text: string, last = false): Buffer => block(0, Buffer.byteLength(text), last, Buffer.from(text))

/** Many times the letter x: four bytes for each 128 KiB. */
export const repeated = (bytes: number): Buffer =>
  Buffer.concat(Array.from({ length: Math.ceil(bytes / BLOCK) }, () => block(1, BLOCK, false, Buffer.from('x'))))
