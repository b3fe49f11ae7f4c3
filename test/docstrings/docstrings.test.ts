import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@tallystick/core'
import * as pricing from '@tallystick/core/pricing'
import * as provider from '@tallystick/core/provider'
import * as query from '@tallystick/core/query'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROUTES } from '../../packages/server/src/http/routes.ts'
import { LOCAL } from '../../packages/server/src/identity/principal.ts'
import { openIngest } from '../../packages/server/src/ingest/open-ingest.ts'
import { openMemoryState } from '../../packages/server/src/state/memory.ts'
import { openMemoryStore } from '../../packages/server/src/store/memory.ts'
import { type Example, examplesOf, isPartial, runExample } from './example.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const sources = ['packages/core/src', 'packages/server/src'].flatMap((root) =>
  readdirSync(join(ROOT, root), { recursive: true })
    .map((name) => join(ROOT, root, String(name)))
    .filter((path) => path.endsWith('.ts') && !/\.test\.ts$|\/testing\/|\/generated\/|\.fixture\.ts$/.test(path)),
)

const examples = sources.flatMap((path) =>
  examplesOf(relative(ROOT, path), readFileSync(path, 'utf8'))
    .filter(({ steps }) => steps.some(({ result }) => result !== undefined && !isPartial(result)))
    .map((example) => [example.where, example, path] as const),
)

/** What an example may name without saying where it comes from. */
const event: core.UsageEvent = {
  eventId: 'a',
  timestampMs: Date.UTC(2026, 10, 21, 12),
  kind: 'llm_request_completed',
  provider: 'openai',
  requestModel: 'gpt-4o',
  inputTokens: 1_000,
  outputTokens: 50,
}
const COMMON = {
  ...core,
  ...pricing,
  ...provider,
  ...query,
  openIngest,
  openMemoryStore,
  openMemoryState,
  LOCAL,
  ROUTES,
  event,
  nowMs: event.timestampMs,
}

describe('the examples of docstrings', () => {
  // some write files, by relative paths
  beforeAll(() => process.chdir(mkdtempSync(join(tmpdir(), 'tallystick-docstrings-'))))

  it('are found', () => {
    expect(examples.length).toBeGreaterThan(60)
  })

  it.each(examples)('%s gives what it says', async (_, example: Example, path) => {
    const own = (await import(path)) as Record<string, unknown>
    const results = await runExample(example, new Map(Object.entries({ ...COMMON, ...own })))
    expect(results.length).toBeGreaterThan(0)
    for (const { given, said } of results) expect(given).toEqual(said)
  })
})
