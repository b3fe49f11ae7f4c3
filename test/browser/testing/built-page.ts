import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const path = (from: string): string => fileURLToPath(new URL(`../../../${from}`, import.meta.url))
const DASHBOARD = path('packages/dashboard')
/** Whatever the page is made of. */
const SOURCES = [
  DASHBOARD,
  path('packages/core/src/event'),
  path('packages/core/src/query'),
  path('packages/core/src/insight'),
]
const BUILT = path('packages/server/dist/dashboard')

/** The page as its sources are now: that of the last `npm run build`, or its own where that is older than they are. */
export interface BuiltPage {
  readonly dir: string
  remove(): Promise<void>
}

export async function builtPage(): Promise<BuiltPage> {
  const index = join(BUILT, 'index.html')
  if (existsSync(index) && statSync(index).mtimeMs > newestMs(SOURCES)) return { dir: BUILT, remove: async () => {} }
  const dir = await mkdtemp(join(tmpdir(), 'tallystick-page-'))
  const configFile = join(DASHBOARD, 'vite.config.ts')
  // What is tested is what is shipped: in a test the builder would keep the checks of development, a tenth of the size.
  const { NODE_ENV } = process.env
  process.env['NODE_ENV'] = 'production'
  try {
    await build({ root: DASHBOARD, configFile, logLevel: 'error', build: { outDir: dir } })
  } finally {
    process.env['NODE_ENV'] = NODE_ENV
  }
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

function newestMs(folders: readonly string[]): number {
  let newest = 0
  for (const folder of folders)
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name === 'node_modules') continue
      const full = join(folder, entry.name)
      newest = Math.max(newest, entry.isDirectory() ? newestMs([full]) : statSync(full).mtimeMs)
    }
  return newest
}
