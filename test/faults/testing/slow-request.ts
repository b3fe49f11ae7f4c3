import { type ClientRequest, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

const PATIENCE_MS = 20_000

/** A request whose body has been sent by half, until told to go on. */
export class SlowRequest {
  /** The server has seen it and asked for the body, and half of that is on its way. */
  readonly begun: Promise<void>
  readonly answer: Promise<{ readonly status: number; readonly json: unknown }>
  readonly #sent: ClientRequest
  readonly #rest: string

  constructor(url: string, body: string) {
    const half = body.length >> 1
    this.#rest = body.slice(half)
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      expect: '100-continue',
    }
    this.#sent = request(url, { method: 'POST', headers })
    this.answer = new Promise((resolve, reject) => {
      this.#sent.on('error', reject)
      this.#sent.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('error', reject)
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) }))
      })
    })
    this.answer.catch(() => undefined)
    this.begun = new Promise((resolve) => {
      this.#sent.once('continue', () => this.#sent.write(body.slice(0, half), () => resolve()))
    })
    this.#sent.flushHeaders()
  }

  finish(): void {
    this.#sent.end(this.#rest)
  }
}

/** Resolves once no new connection is taken. */
export async function refusing(url: string): Promise<void> {
  const { hostname: host, port } = new URL(url)
  const deadline = Date.now() + PATIENCE_MS
  while (await connects(host, Number(port))) {
    if (Date.now() > deadline) throw new Error(`${url} still takes connections`)
    await setTimeout(5)
  }
}

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
