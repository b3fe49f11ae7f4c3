import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadConfig } from '../config/config.ts'
import { CONFIG_KEYS } from '../config/keys.ts'
import { mintKey } from '../identity/api-key.ts'
import { openTallystick } from '../open.ts'
import type { ApiKey } from '../state/key.ts'
import { shownSettings } from './shown-settings.ts'

const CANARY = 'canary-7f3a91'

/** Every secret, and every address with a secret in it, of every source. */
function configured(dir: string): ReturnType<typeof loadConfig> {
  const env: Record<string, string> = {}
  for (const { env: variable, type } of CONFIG_KEYS) if (type.of === 'secret') env[variable] = CANARY
  const file = join(dir, 'tallystick.config.json')
  writeFileSync(
    file,
    JSON.stringify({
      store: `redis://user:${CANARY}@p@ss${CANARY}@127.0.0.1:6379`,
      proxy: { upstreams: [`mine=https://user:${CANARY}@llm.example/v1`] },
      traces: { url_template: `https://traces.example/{trace_id}?api_key=${CANARY}` },
      otlp: { push: { endpoint: `https://ops:${CANARY}@collector.example` } },
    }),
  )
  return loadConfig({ flags: { config: file }, env, cwd: dir })
}

it('the settings tell every key and where it came from, and no secret', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-settings-'))
  const config = configured(dir)
  const tallystick = await openTallystick({ dataDir: join(dir, 'data'), configuration: shownSettings(config) })
  try {
    const response = await tallystick.fetch(new Request('http://localhost/api/v1/settings'))
    expect(response.status).toBe(200)
    const text = await response.text()
    expect(text).not.toContain(CANARY)
    const { configuration, data_dir: dataDir } = JSON.parse(text) as {
      configuration: { file: string; settings: { key: string; value: unknown; source: string; secret: boolean }[] }
      data_dir: { path: string; bytes: number; parts: { name: string; bytes: number }[] }
    }
    expect(configuration.settings.map(({ key }) => key)).toEqual(CONFIG_KEYS.map(({ key }) => key))
    const of = (key: string): unknown => configuration.settings.find((one) => one.key === key)
    expect(of('store')).toMatchObject({ value: 'redis://user:***@127.0.0.1:6379', source: 'file', secret: false })
    expect(of('proxy.upstreams')).toMatchObject({ value: ['mine=https://user:***@llm.example/v1'] })
    expect(of('protocol012.jwt_secret')).toMatchObject({ value: '***', source: 'environment', secret: true })
    expect(of('http.port')).toMatchObject({ value: 8088, source: 'default' })
    expect(dataDir.path).toBe(join(dir, 'data'))
    expect(dataDir.bytes).toBe(dataDir.parts.reduce((sum, { bytes }) => sum + bytes, 0))
    expect(dataDir.bytes).toBeGreaterThan(0)
  } finally {
    await tallystick.close()
    rmSync(dir, { recursive: true })
  }
})

it('are for administrators of the whole server only', async () => {
  const tallystick = await openTallystick({ dataDir: 'unused', store: 'memory:' })
  const ask = async (scopes: ApiKey['scopes'], tenantId?: string): Promise<number> => {
    const { id, secretHash, text } = mintKey()
    const row: ApiKey = {
      id,
      name: 'k',
      secretHash,
      scopes,
      createdMs: 0,
      ...(tenantId === undefined ? {} : { tenantId }),
    }
    await tallystick.state.write([{ table: 'keys', id, row }])
    const headers = { authorization: `Bearer ${text}` }
    return (await tallystick.fetch(new Request('http://localhost/api/v1/settings', { headers }))).status
  }
  expect([await ask(['read']), await ask(['admin'], 'acme'), await ask(['admin'])]).toEqual([403, 403, 200])
  await tallystick.close()
})
