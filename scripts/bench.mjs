import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bin, build, install, ROOT, requireNode, run, step } from './steps.mjs'

/** `npm run bench -- NAME [options]`: compiles and runs one benchmark of `bench/`. */
requireNode()
await install()
await build()
await step('Compiling the benchmarks', bin('tsc'), ['-b', 'bench'])

const names = readdirSync(join(ROOT, 'bench')).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? [])
const [name, ...rest] = process.argv.slice(2)
if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [options]\n\nbenchmarks: ${names.join(', ')}`)
  process.exit(2)
}
process.exit(run(process.execPath, ['--expose-gc', join('bench/dist', `${name}.bench.js`), ...rest]))
