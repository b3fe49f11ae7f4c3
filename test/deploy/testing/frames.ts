import { createServer } from 'node:http'

/** What a server has shown at one moment, told as of an instant of our choosing. */
export interface Frame {
  readonly text: string
  readonly atMs: number
}

const SAMPLE = /^([a-z_:][\w:]*(?:\{.*\})?) (\S+)$/

/** Series as written -> value. */
export function valuesOf({ text }: Frame): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const [, series, value] = SAMPLE.exec(line) ?? []
      return series === undefined ? [] : [[series, Number(value)]]
    }),
  )
}

/** The sum over the series of a name. */
export function sumOf(frame: Frame, name: string): number {
  let sum = 0
  for (const [series, value] of valuesOf(frame)) if (series.replace(/\{.*/, '') === name) sum += value
  return sum
}

/**
 * Serves frames as one scrape, every sample with the instant of its frame: hours pass in no time, and since the samples stand where windows
 * begin and end, nothing is extrapolated.
 */
export async function serveFrames(frames: readonly Frame[]): Promise<{ readonly port: number; close(): void }> {
  const body = frames
    .map(({ text, atMs }) => text.replaceAll(new RegExp(SAMPLE, 'gm'), (sample) => `${sample} ${atMs}`))
    .join('')
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
