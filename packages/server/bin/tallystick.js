#!/usr/bin/env node
// Committed, and the same in source and package: a bin that does not exist at install time is never linked.
import { statSync } from 'node:fs'
import module from 'node:module'

// From Node 22.8 on what is compiled is kept for the next start, in the runtime's own folder; NODE_DISABLE_COMPILE_CACHE=1 says no.
module.enableCompileCache?.()

const urlOf = (path) => new URL(path, import.meta.url)
const writtenMs = (path) => statSync(urlOf(path), { throwIfNoEntry: false })?.mtimeMs ?? 0

// In a checkout the compiler may have run since the bundle was made. Its stamps tell, which no package contains.
const compiledMs = Math.max(writtenMs('../dist/.tsbuildinfo'), writtenMs('../../core/dist/.tsbuildinfo'))
const bundledMs = writtenMs('../bundle/main.js')
const entry = bundledMs > compiledMs ? '../bundle/main.js' : '../dist/cli/main.js'
if (writtenMs(entry) > 0) {
  const { main } = await import(urlOf(entry).href)
  await main(process.argv.slice(2))
} else {
  process.stderr.write('tallystick is not built yet. Run `npm start` or `npm run build` in the checkout first.\n')
  process.exitCode = 1
}
