import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, ROOT, type Served, serve } from '../e2e/cli.ts'

const page = readFileSync(join(ROOT, 'docs/python.md'), 'utf8')
const [module = '', use = ''] = [...page.matchAll(/```python\n([\s\S]*?)```/g)].map(([, code = '']) => code)
const [, printed = ''] = /```text\n([\s\S]*?)```/.exec(page) ?? []

/** What is missing, if it is. */
function missing(): string | undefined {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'python3 is not installed: apt-get install python3'
  }
}
const absent = missing()

describe.skipIf(absent !== undefined)(`docs/python.md${absent === undefined ? '' : ` (skipped: ${absent})`}`, () => {
  const project = mkdtempSync(join(tmpdir(), 'tallystick-python-'))
  const data = folder()
  let served: Served
  beforeAll(async () => {
    served = await serve(data)
    writeFileSync(join(project, 'tallystick.py'), module)
  })
  afterAll(async () => {
    await served.stop()
    for (const dir of [project, data]) rmSync(dir, { recursive: true })
  })

  async function python(code: string): Promise<string> {
    writeFileSync(join(project, 'program.py'), code)
    const { stdout } = await promisify(execFile)('python3', ['program.py'], { cwd: project, timeout: 60_000 })
    return stdout
  }

  async function requests(model: string): Promise<unknown> {
    const body = JSON.stringify({ measures: ['requests'], filters: { model: [model] } })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${served.url}/api/v1/query?consistency=applied`, { method: 'POST', headers, body })
    return ((await answer.json()) as { rows: readonly { requests: number }[] }).rows[0]?.requests
  }

  it('prints what the page says', async () => {
    expect(await python(use.replace('http://127.0.0.1:8088', served.url))).toBe(printed)
    expect(await requests('claude-sonnet-4-5')).toBe(2500)
  }, 60_000)

  it('counts once what was refused, cut off and answered into the void before it was taken', async () => {
    const flaky = await flakyBefore(served.url)
    try {
      const program = `from tallystick import Tallystick
print(Tallystick("${flaky.url}").send(*[{"model": "m-flaky", "input_tokens": n} for n in range(1500)]))`
      const out = await python(program)
      // The first thousand had come through when their answer was lost.
      expect(out).toBe("{'received': 1500, 'accepted': 500, 'duplicate': 1000, 'conflict': 0, 'rejected': []}\n")
      expect(flaky.seen).toEqual(['429', 'void', '503', 'through', 'cut', 'through'])
      expect(await requests('m-flaky')).toBe(1500)
    } finally {
      await flaky.close()
    }
  }, 60_000)

  it('raises what does not pass with the reason, and lists what is wrong by itself', async () => {
    const program = `from tallystick import Tallystick
t = Tallystick("${served.url}", tries=1)
print(t.send({"model": "m", "input_tokens": 1}, {"model": "m", "input_tokens": -1})["rejected"][0]["field"])
try:
    t.endpoint = t.endpoint + "?ack=never"
    t.send({"model": "m"})
except RuntimeError as error:
    print(str(error)[:3], "unknown_value" in str(error))`
    expect(await python(program)).toBe('input_tokens\n400 True\n')
  }, 60_000)
})

/** A server before the server, which misbehaves in every way that a client must survive. */
async function flakyBefore(target: string): Promise<{ url: string; seen: readonly string[]; close(): Promise<void> }> {
  const script = ['429', 'void', '503', 'through', 'cut', 'through']
  const seen: string[] = []
  const server: Server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const step = script[seen.length] ?? 'through'
    seen.push(step)
    if (step === '429' || step === '503') {
      response.writeHead(Number(step), { 'retry-after': '0' }).end('{}')
      return
    }
    if (step === 'cut') {
      request.socket.destroy()
      return
    }
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const answer = await fetch(target + request.url, { method: 'POST', headers, body: Buffer.concat(pieces) })
    const text = await answer.text()
    if (step === 'void') request.socket.destroy()
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
