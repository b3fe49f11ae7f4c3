import { join } from 'node:path'
import { bin, install, ROOT, requireNode, step } from './steps.mjs'

/** `npm run check`: format, lint, types, dead code, package manifests. */
requireNode()
await install()
await step('Format and lint', bin('biome'), ['check', '.'])
await step('Types', bin('tsc'), ['-b'])
await step('Types of tests', bin('tsc'), ['-p', 'tsconfig.test.json'])
await step('Types of the dashboard', bin('svelte-check'), [
  '--tsconfig',
  'packages/dashboard/tsconfig.json',
  '--fail-on-warnings',
])
await step('Unused code', bin('knip'), [])
for (const name of ['core', 'server'])
  await step(`Manifest of ${name}`, bin('publint'), ['--strict'], { cwd: join(ROOT, 'packages', name) })
