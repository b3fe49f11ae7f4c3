import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Receiver, startReceiver } from '../../packages/server/src/alert/testing/receiver.ts'
import { ROOT } from '../e2e/cli.ts'

const SCRIPT = join(import.meta.dirname, 'testing/alert-process.mjs')
const DIST = join(ROOT, 'packages/server/dist')

let receiver: Receiver
let dir: string
beforeEach(async () => {
  receiver = await startReceiver()
  dir = mkdtempSync(join(tmpdir(), 'tallystick-alert-'))
})
afterEach(async () => {
  await receiver.close()
  rmSync(dir, { recursive: true, force: true })
})

/** Runs a life of the process; resolves with the signal that ended it, or null. */
function live(dies: 'before-post' | 'after-post' | 'never'): Promise<NodeJS.Signals | null> {
  const hook = `http://receiver.test:${receiver.port}/hook`
  const child = spawn(process.execPath, [SCRIPT, DIST, join(dir, 'state'), hook, dies], { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_code, signal) => resolve(signal))
  })
}

const messages = (): readonly { id: string; alert: { id: string } }[] =>
  receiver.received.map(({ body }) => JSON.parse(body))

test('an alert that was written down and not sent when the process was killed comes after the restart, once', async () => {
  expect(await live('before-post')).toBe('SIGKILL')
  expect(await live('before-post')).toBe('SIGKILL')
  expect(receiver.received).toEqual([])
  expect(await live('never')).toBeNull()
  expect(messages()).toHaveLength(1)
  expect(await live('never')).toBeNull()
  expect(messages()).toHaveLength(1)
})

test('an alert that was taken when the process was killed comes again under the same id, in the same bytes', async () => {
  expect(await live('after-post')).toBe('SIGKILL')
  expect(messages()).toHaveLength(1)
  expect(await live('never')).toBeNull()
  expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body)
  expect(messages().map(({ id }) => id)).toEqual([messages()[0]?.id, messages()[0]?.id])
})
