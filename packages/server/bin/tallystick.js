#!/usr/bin/env node
// Committed, and the same in source and package: a bin that does not exist at install time is never linked.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const entry = new URL('../dist/cli/main.js', import.meta.url)
if (existsSync(fileURLToPath(entry))) {
  const { main } = await import(entry.href)
  await main(process.argv.slice(2))
} else {
  process.stderr.write('tallystick is not built yet. Run `npm start` or `npm run build` in the checkout first.\n')
  process.exitCode = 1
}
