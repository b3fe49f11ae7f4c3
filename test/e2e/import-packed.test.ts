import { statSync } from 'node:fs'
import { expect, it } from 'vitest'
import { folder, serve } from './cli.ts'
import { importing, packedRollout } from './importing.ts'

const MIB = 1024 * 1024
const HEAP = '--max-old-space-size=64'

it.runIf(process.platform === 'linux')(
  'a packed log of four kilobytes with a line of 100 MB in it takes no more memory than one without',
  async () => {
    const server = await serve(folder())
    const dir = folder()
    try {
      const [small, large] = [packedRollout(dir, 'small', 0), packedRollout(dir, 'large', 100 * MIB)]
      expect(statSync(large).size).toBeLessThan(5_000)
      const without = await importing('codex', small, server.url, HEAP)
      const within = await importing('codex', large, server.url, HEAP)
      expect([without.accepted, within.accepted]).toEqual([2, 2])
      expect(within.peakMib - without.peakMib).toBeLessThan(60)
    } finally {
      await server.stop()
    }
  },
  120_000,
)
