import { tmpdir } from 'node:os'
import pc from 'picocolors'
import { runCommand } from '../main.ts'

/** What a command came to. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command as in a pipe of 100 columns without colours, in a directory and an environment of its own. */
export async function run(
  args: readonly string[],
  { env = {}, cwd = tmpdir() }: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await runCommand(args, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    write: async (bytes) => {
      out += Buffer.from(bytes).toString()
    },
    color: pc.createColors(false),
    columns: 100,
    interactive: false,
    env,
    cwd,
  })
  return { code, out, err }
}
