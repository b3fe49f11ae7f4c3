import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../../packages/server/src/alert/testing/receiver.ts'
import { ServerProcess } from '../faults/testing/server-process.ts'
import { folder, type Ran, tallystick } from './cli.ts'
import { command } from './command.ts'

const dir = folder()
let receiver: Receiver
let server: ServerProcess
beforeAll(async () => {
  receiver = await startReceiver()
  const config = join(dir, 'tallystick.json')
  writeFileSync(config, JSON.stringify({ alerts: { allowed_hosts: ['127.0.0.1'] } }))
  writeFileSync(join(dir, 'secret'), 'CANARY of some length\n')
  server = await ServerProcess.start(join(dir, 'data'), ['--config', config])
})
afterAll(async () => {
  await server.stop()
  await receiver.close()
  rmSync(dir, { recursive: true, force: true })
})

const asked = (args: readonly string[]): string[] => ['alerts', ...args, '--server', server.url]
/** With the built program. */
const built = (...args: string[]): Promise<Ran> => tallystick(asked(args))
const alerts = (...args: string[]): Promise<Ran> => command(asked(args))

test('a rule is added, tested, listed and removed on the command line', async () => {
  const added = await built(
    ...['add', 'error_rate', '--threshold', '2.5%', '--window', '10m', '--filter', 'provider=openai'],
    ...['--webhook', receiver.url, '--secret-file', join(dir, 'secret')],
  )
  expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^[0-9a-f-]{36}\n$/) })
  const id = added.out.trim()

  const tested = await built('test', id)
  expect(tested).toMatchObject({ code: 0, out: `ok  webhook http://127.0.0.1:${receiver.port}/***: answered 204\n` })
  expect(receiver.received[0]?.headers).toHaveProperty('tallystick-signature')
  expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ type: 'alert.test', url: server.url })

  expect((await alerts('rules')).out).toMatch(/Error rate +error_rate +quiet +webhook http:/)
  const rules = await alerts('rules', '--json')
  expect(JSON.parse(rules.out).rules).toMatchObject([
    { id, threshold: 250, window_ms: 600_000, filters: { provider: ['openai'] } },
  ])
  const prometheus = await alerts('rules', '--format', 'prometheus')
  expect(prometheus.out).toContain('sum(increase(llm_requests_total{status="error",provider="openai"}[10m]))')
  expect(prometheus.out).toContain(`rule_id: ${id}`)
  expect((await alerts('list')).out).toBe('No alerts.\n')

  receiver.answer = (response) => void response.writeHead(500).end()
  expect(await built('test', id)).toMatchObject({ code: 1, out: expect.stringContaining('answered 500') })
  expect(await alerts('remove', id)).toMatchObject({ code: 0 })
  expect(await alerts('remove', id)).toMatchObject({ code: 1, err: expect.stringContaining('no such alert rule') })
  const shown = [tested, rules, await alerts('rules'), { out: server.errors, err: '' }].map(({ out, err }) => out + err)
  expect(shown.join('')).not.toMatch(/CANARY|SECRET-PATH/)
}, 120_000)

test.each([
  [['add', 'eror_rate'], /no kind "eror_rate"/],
  [['add', 'error_rate', '--webhook', 'http://10.0.0.1/'], /alerts.allowed_hosts/],
  [['add', 'error_rate', '--threshold', '$5'], /--threshold \$5/],
])('%j is refused with what is wrong', async (args, why) => {
  const ran = await alerts(...args)
  expect(ran.code).toBe(2)
  expect(ran.err).toMatch(why)
})
