import { LONG } from '../../packages/core/src/testing/thorough.ts'
import { run } from '../../packages/server/src/cli/testing/run.ts'
import { ENV, type Ran, ROOT, tallystick } from './cli.ts'

/**
 * A command that asks a server, of the sources and in this process, at a tenth of the work of starting the built program,
 * which the long run does. For the further cases of what the built program shows beside them.
 */
export function command(
  args: readonly string[],
  { cwd = ROOT, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ran> {
  if (LONG) return tallystick(args, { cwd, env })
  const own = Object.entries({ ...ENV, ...env }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return run(args, { cwd, env: Object.fromEntries(own) })
}
