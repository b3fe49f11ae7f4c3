import { connect, type Socket } from 'node:net'

/** Requests one behind the other on each of some connections, over bare sockets so that the client costs little. */
export interface ProxyLoad {
  readonly port: number
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  readonly connections: number
  readonly seconds: number
}

export interface ProxyLoaded {
  readonly perSecond: number
  /** ms, sorted. */
  readonly latencies: readonly number[]
  readonly failed: number
}

export async function proxyLoad(load: ProxyLoad): Promise<ProxyLoaded> {
  const { port, path, headers = {}, body, connections, seconds } = load
  const lines = [`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Content-Type: application/json']
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  const request = `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const latencies: number[] = []
  let failed = 0
  const until = performance.now() + seconds * 1000
  const began = performance.now()
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      let text = ''
      let sent = 0
      const next = (): void => {
        text = ''
        sent = performance.now()
        socket.write(request)
      }
      socket.setEncoding('latin1')
      socket.on('connect', next)
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.on('data', (piece) => {
        text += piece
        if (!isWhole(text)) return
        latencies.push(performance.now() - sent)
        if (!text.startsWith('HTTP/1.1 200')) failed++
        if (performance.now() < until) next()
        else socket.destroy()
      })
    })
  await Promise.all(Array.from({ length: connections }, one))
  return {
    perSecond: latencies.length / ((performance.now() - began) / 1000),
    latencies: latencies.toSorted((a, b) => a - b),
    failed,
  }
}

function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, head + 2))?.[1]
  return length === undefined ? text.endsWith('0\r\n\r\n') : text.length >= head + 4 + Number(length)
}
