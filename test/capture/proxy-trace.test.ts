import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { expect, it } from 'vitest'
import { thorough } from '../../packages/core/src/testing/thorough.ts'
import { openProxied } from '../../packages/server/src/proxy/testing/proxied.ts'
import { AZURE } from '../e2e/cli.ts'

/** Each row in the long suite, each fifth in the short one. */
const STEP = thorough(5, 1)

/** A public trace of requests to a model of Azure, sent through the proxy to a stand-in that answers with its figures. */
it.skipIf(!existsSync(AZURE))(
  'the Azure trace through the proxy gives the totals of the trace',
  async () => {
    const rows = readFileSync(AZURE, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .filter((_, index) => index % STEP === 0)
      .map((line) => line.split(',').slice(1).map(Number) as [number, number])
    const proxied = await openProxied()
    proxied.standIn.answer = (incoming, response) => {
      const row = Number(incoming.headers['x-row'])
      const [input, output] = rows[row] as [number, number]
      const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
      incoming.resume()
      if (row % 2 === 0) {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ id: `row-${row}`, model: 'gpt-4o', choices: [{ finish_reason: 'stop' }], usage }))
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(
        `data: ${JSON.stringify({ id: `row-${row}`, model: 'gpt-4o', choices: [{ delta: { content: 'x' } }] })}\n\n`,
      )
      response.end(
        `data: ${JSON.stringify({ id: `row-${row}`, choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\ndata: ${JSON.stringify({ id: `row-${row}`, choices: [], usage })}\n\ndata: [DONE]\n\n`,
      )
    }
    const agent = new Agent({ keepAlive: true, maxSockets: 32 })
    let next = 0
    const worker = async (): Promise<void> => {
      for (let row = next++; row < rows.length; row = next++)
        await new Promise<void>((resolve, reject) => {
          const headers = {
            'content-type': 'application/json',
            'x-row': String(row),
            'x-tallystick-agent': `agent-${row % 20}`,
          }
          const outgoing = request(
            `${proxied.url}/proxy/up/v1/chat/completions`,
            { agent, method: 'POST', headers },
            (incoming) => {
              incoming.resume()
              incoming.on('end', resolve)
            },
          )
          outgoing.on('error', reject)
          outgoing.end(`{"model":"gpt-4o","stream":${row % 2 === 1}}`)
        })
    }
    await Promise.all(Array.from({ length: 32 }, worker))
    agent.destroy()
    await proxied.events()
    const answer = await proxied.tallystick.fetch(
      new Request('http://localhost/api/v1/query', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          measures: [
            'requests',
            'failed_requests',
            'input_tokens',
            'output_tokens',
            'cost_nano_usd',
            'unpriced_requests',
          ],
          from: 0,
          to: Date.now() + 60_000,
        }),
      }),
      { trusted: true },
    )
    const sum = (column: 0 | 1): number => rows.reduce((total, row) => total + row[column], 0)
    expect(((await answer.json()) as { rows: unknown[] }).rows).toEqual([
      {
        requests: rows.length,
        failed_requests: 0,
        input_tokens: sum(0),
        output_tokens: sum(1),
        // $2.50 and $10 per million.
        cost_nano_usd: sum(0) * 2_500 + sum(1) * 10_000,
        unpriced_requests: 0,
      },
    ])
    expect(proxied.tallystick.proxyStats()).toMatchObject({ requests: rows.length, refused: 0 })
    await proxied.close()
  },
  120_000,
)
