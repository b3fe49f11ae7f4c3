import { Agent, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | string[] | undefined }
  readonly text: string
  /** The body as JSON; undefined if it is none. */
  readonly json: unknown
}

export interface Call {
  readonly method?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | Buffer
}

/** A call without an answer after this long is given up; the server's own limits are below it. */
const GIVE_UP_MS = 60_000

/** HTTP over a bounded number of connections that are kept open. Rejects when a connection breaks before the answer is whole. */
export class HttpClient {
  readonly #agent: Agent
  readonly #headers: { readonly [name: string]: string }

  /** @param headers sent with every call */
  constructor(connections = 1, headers: { readonly [name: string]: string } = {}) {
    this.#headers = headers
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  call(url: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const sent = request(
        url,
        { method, agent: this.#agent, headers: { ...length, ...this.#headers, ...headers } },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8')
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) })
          })
        },
      )
      sent.setTimeout(GIVE_UP_MS, () => sent.destroy(new Error(`No answer from ${url} for ${GIVE_UP_MS} ms`)))
      sent.on('error', reject)
      sent.end(body)
    })
  }

  /** Sends JSON: a value, or text that is sent as it is. */
  post(url: string, value: unknown, headers: { readonly [name: string]: string } = {}): Promise<Answer> {
    const body = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)
    return this.call(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  }

  close(): void {
    this.#agent.destroy()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
