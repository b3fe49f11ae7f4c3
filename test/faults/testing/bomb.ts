import { createGzip } from 'node:zlib'

const MIB = 1024 * 1024

/** So many MiB of zeros in one gzip stream, about a thousandth as long. */
export async function gzipOfZeros(mebibytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9, chunkSize: MIB })
  const chunks: Buffer[] = []
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk))
  const zeros = Buffer.alloc(MIB)
  for (let written = 0; written < mebibytes; written++) {
    if (!gzip.write(zeros)) await new Promise((resolve) => gzip.once('drain', resolve))
  }
  await new Promise((resolve) => {
    gzip.once('end', resolve)
    gzip.end()
  })
  return Buffer.concat(chunks)
}
