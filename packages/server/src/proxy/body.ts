import type { IncomingMessage } from 'node:http'

/** What has come of a body: all of it, or as much as may be held. */
export interface HeldBody {
  readonly bytes: Buffer
  readonly whole: boolean
}

/**
 * Holds a body until it is whole or longer than `limit`; then it stands still, and the rest is for whoever reads on. Resolves with
 * undefined when the client leaves.
 */
export function holdBody(request: IncomingMessage, limit: number): Promise<HeldBody | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const done = (whole: boolean | undefined): void => {
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onClose)
      resolve(whole === undefined ? undefined : { bytes: joined(chunks), whole })
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size <= limit) return
      request.pause()
      done(false)
    }
    const onEnd = (): void => done(true)
    const onClose = (): void => done(undefined)
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('close', onClose)
  })
}

const joined = (chunks: readonly Buffer[]): Buffer =>
  chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
