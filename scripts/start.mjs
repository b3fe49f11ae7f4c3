import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, install, ROOT, requireNode } from './steps.mjs'

/** `npm start`: install, build, serve. Arguments behind `--` go to `tallystick serve`. */
requireNode()
await install()
await build()

const server = spawn(
  process.execPath,
  [join(ROOT, 'packages/server/bin/tallystick.js'), 'serve', ...process.argv.slice(2)],
  {
    cwd: ROOT,
    stdio: 'inherit',
  },
)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal))
server.on('close', (code) => process.exit(code ?? 1))
