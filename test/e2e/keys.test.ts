import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EventStore, SyncClient } from '@tallystick/core'
import { afterAll, describe, expect, it } from 'vitest'
import { endServers, ServerProcess } from '../faults/testing/server-process.ts'
import { folder, tallystick } from './cli.ts'
import { command } from './command.ts'

const KEY = /tsk_[0-9a-z]+_[0-9A-Za-z]{43}/

const bearer = (key: string): { headers: Record<string, string> } => ({ headers: { authorization: `Bearer ${key}` } })
const statusOf = async (url: string, key?: string): Promise<number> => {
  const response = await fetch(url, key === undefined ? {} : bearer(key))
  await response.arrayBuffer()
  return response.status
}

/** Makes a key by the command line; gives its text. */
async function made(dataDir: string, as: string | undefined, ...args: string[]): Promise<string> {
  const { code, out, err } = await tallystick(['keys', 'create', ...args, '--data', dataDir], {
    env: as === undefined ? {} : { TALLYSTICK_KEY: as },
  })
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
  return out.trim()
}

/** Everything that stands in files below a directory. */
function allFiles(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

afterAll(endServers)

describe('a server that other machines can reach', () => {
  it('makes a first key, prints it once, and asks for it from then on, over restarts', async () => {
    const dataDir = folder()
    const flags = ['--host', '0.0.0.0']
    const first = await ServerProcess.start(dataDir, flags)
    const [key = ''] = KEY.exec(first.errors) ?? []
    expect(first.errors.split(key)).toHaveLength(2)
    expect(await statusOf(`${first.url}/api/v1/status`)).toBe(401)
    expect(await statusOf(`${first.url}/api/v1/status`, key)).toBe(200)
    expect(await statusOf(`${first.url}/healthz`)).toBe(200)
    await first.kill()

    const second = await ServerProcess.start(dataDir, flags)
    expect(second.errors).not.toMatch(KEY)
    expect(await statusOf(`${second.url}/api/v1/status`)).toBe(401)
    expect(await statusOf(`${second.url}/api/v1/status`, key)).toBe(200)
    await second.stop()
    expect(allFiles(dataDir)).not.toContain(key.slice(-43))
  }, 60_000)

  it('is not started without a key where none shall be made', async () => {
    const dataDir = folder()
    const args = ['serve', '--host', '0.0.0.0', '--port', '0', '--data', dataDir]
    const refused = await tallystick([...args, '--no-first-key'])
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('tallystick keys create')
    const byVariable = await tallystick(args, { env: { TALLYSTICK_FIRST_KEY: 'off' } })
    expect(byVariable.code).toBe(2)
    // As the message says: with a key of one's own it starts.
    const key = await made(dataDir, undefined, 'me', '--scopes', 'admin')
    const server = await ServerProcess.start(dataDir, ['--host', '0.0.0.0', '--no-first-key'])
    expect(server.errors).not.toMatch(KEY)
    expect(await statusOf(`${server.url}/api/v1/status`, key)).toBe(200)
    await server.stop()
  }, 60_000)
})

describe('keys of the command line', () => {
  it('are made, used by commands and by the sync client, listed and revoked, and stand in no file or log', async () => {
    const dataDir = folder()
    const server = await ServerProcess.start(dataDir, ['--log-level', 'debug'])
    const early = await command(['keys', 'create', 'x', '--scopes', 'ingest', '--data', dataDir])
    expect(early.code).toBe(1)
    expect(early.err).toContain('The first key')

    const admin = await made(dataDir, undefined, 'ada', '--scopes', 'admin')
    // From here on the server is closed, to this machine too.
    const locked = await command(['keys', 'list', '--data', dataDir])
    expect(locked).toMatchObject({ code: 1, out: '' })
    expect(locked.err).toContain('unauthorized')
    const sender = await made(dataDir, admin, 'gateway', '--scopes', 'ingest', '--tenant', 'acme', '--expires', '1h')
    const reader = await made(dataDir, admin, 'reports', '--scopes', 'read')

    for (const protocol of ['native', 'protocol012'] as const) {
      const store = new EventStore()
      const client = SyncClient.start({ url: server.url, token: sender, store, protocol, intervalMs: 3_600_000 })
      store.recordEvent({
        kind: 'llm_request_completed',
        provider: 'openai',
        model: protocol,
        inputTokens: 5,
        outputTokens: 5,
      })
      await client.flush()
      expect(client.stats()).toMatchObject({ acked: 1 })
      await client.stop()
    }
    const query = [
      'query',
      '--from',
      '1h',
      '--group-by',
      'tenant_id,api_key_id,auth_method',
      '--json',
      '--server',
      server.url,
    ]
    const asked = await tallystick(query, { env: { TALLYSTICK_KEY: reader } })
    expect(asked.code).toBe(0)
    const [, id] = sender.split('_')
    expect(JSON.parse(asked.out).rows).toMatchObject([
      { tenant_id: 'acme', api_key_id: id, auth_method: 'api_key', requests: 2 },
    ])
    expect((await command(query, { env: { TALLYSTICK_KEY: sender } })).err).toContain('forbidden')
    const backup = ['backup', join(folder(), 'b'), '--server', server.url]
    expect((await command(backup, { env: { TALLYSTICK_KEY: reader } })).code).toBe(1)
    expect((await tallystick(backup, { env: { TALLYSTICK_KEY: admin } })).code).toBe(0)

    const live = await fetch(`${server.url}/api/v1/live`, bearer(reader))
    const stream = live.body?.getReader()
    await stream?.read()
    const readerId = reader.split('_')[1] as string
    const revoked = await tallystick(['keys', 'revoke', readerId, '--server', server.url, '--key', admin, '--json'])
    expect(JSON.parse(revoked.out)).toMatchObject({ id: readerId, name: 'reports' })
    await expect(drained(stream)).resolves.toBe('ended')
    expect(await statusOf(`${server.url}/api/v1/status`, reader)).toBe(401)

    const listed = await tallystick(['keys', 'list', '--json', '--data', dataDir], { env: { TALLYSTICK_KEY: admin } })
    const keys = JSON.parse(listed.out) as { name: string; revoked_ms: number | null }[]
    expect(keys.map(({ name, revoked_ms }) => [name, revoked_ms !== null])).toEqual([
      ['ada', false],
      ['gateway', false],
      ['reports', true],
    ])
    const table = await command(['keys', 'list', '--data', dataDir], { env: { TALLYSTICK_KEY: admin } })
    expect(table.out).toMatch(/gateway +ingest +acme/)

    await server.stop()
    // S-1: of the keys nothing is left anywhere but at those who were given them.
    const everything = [allFiles(dataDir), server.errors, listed.out, table.out, revoked.out].join('\n')
    for (const key of [admin, sender, reader]) expect(everything).not.toContain(key.slice(-43))
    // Whoever has the directory needs no key.
    expect((await tallystick(['keys', 'list', '--json', '--data', dataDir])).code).toBe(0)
  }, 180_000)
})

async function drained(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<string> {
  try {
    while (!(await reader?.read())?.done);
  } catch {
    // Broken off, as it should be: half an answer is none.
  }
  return 'ended'
}
