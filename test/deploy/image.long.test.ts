import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT, serve } from '../e2e/cli.ts'
import { layOut, stagesOf } from './testing/dockerfile.ts'

/** Left out as Dockerfile.dockerignore says. */
const LEFT_OUT = /\/(node_modules|dist|bundle)$|\.tsbuildinfo$/

it('what the Dockerfile installs, builds and copies is a Tallystick that runs', async () => {
  const stages = stagesOf(readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8'))
  const last = stages.at(-1)?.name as string
  const homes = layOut(stages, ROOT, {
    skip: (path) => path.startsWith(`${ROOT}/`) && LEFT_OUT.test(path),
    run({ name }, command, home) {
      // The last stage makes the folder of the image's own user.
      if (name === last) return
      const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: home })
      expect(status, `${command}\n${stdout}${stderr}`).toBe(0)
    },
  })
  const home = homes.get(last) as string
  try {
    // Packages that are needed to build or test only are no part of it.
    for (const name of ['typescript', 'vitest', '@biomejs', 'rolldown', 'vite'])
      expect(existsSync(join(home, 'node_modules', name)), name).toBe(false)
    const server = await serve(join(home, 'data'), [], join(home, 'packages/server/bin/tallystick.js'))
    const page = await fetch(server.url)
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script type="module"')])
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect(await server.stop()).toBe(0)
  } finally {
    rmSync(dirname(home), { recursive: true, force: true })
  }
}, 1_200_000)
