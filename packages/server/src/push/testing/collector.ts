import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** What a push was, as a collector gets it. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: ExportRequest
}

export interface ExportRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string }
      readonly metrics: readonly ReceivedMetric[]
    }[]
  }[]
}

export interface KeyValue {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}

export interface ReceivedMetric {
  readonly name: string
  readonly unit: string
  readonly sum?: Points
  readonly histogram?: Points
}

interface Points {
  readonly aggregationTemporality: number
  readonly isMonotonic?: boolean
  readonly dataPoints: readonly ReceivedPoint[]
}

export interface ReceivedPoint {
  readonly attributes: readonly KeyValue[]
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
  readonly count?: string
  readonly sum?: number
  readonly asInt?: string
  readonly asDouble?: number
  readonly bucketCounts?: readonly string[]
  readonly explicitBounds?: readonly number[]
}

/** A collector that takes what is pushed, or answers as it is told. */
export interface Collector {
  readonly url: string
  /** Those that were taken. */
  readonly taken: Received[]
  answer: (request: IncomingMessage, response: ServerResponse) => void
  close(): Promise<void>
}

export async function openCollector(): Promise<Collector> {
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    collector.answer(request, response)
    if (response.statusCode !== 200) return
    const bytes = Buffer.concat(pieces)
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes).toString() : bytes.toString()
    collector.taken.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(text) })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const collector: Collector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: [],
    answer: (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return collector
}

export const metricsOf = ({ body }: Received): readonly ReceivedMetric[] =>
  body.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))

export const pointsOf = (received: Received, name: string): readonly ReceivedPoint[] =>
  metricsOf(received)
    .filter((metric) => metric.name === name)
    .flatMap(({ sum, histogram }) => (sum ?? histogram)?.dataPoints ?? [])

export const attributesOf = ({
  attributes,
}: {
  readonly attributes: readonly KeyValue[]
}): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]))

/** Of a metric, under these attributes. */
export function totalOf(received: Received, name: string, only: Readonly<Record<string, string>> = {}): number {
  return pointsOf(received, name)
    .filter((point) => Object.entries(only).every(([key, value]) => attributesOf(point)[key] === value))
    .reduce((sum, point) => sum + Number(point.sum ?? point.asInt ?? point.asDouble), 0)
}
