import { tmpdir } from 'node:os'
import pc from 'picocolors'
import { runCommand } from '../main.ts'
import type { Screen } from '../terminal.ts'

/** What a command came to. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What a command is run in. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly columns?: number
  /** What is piped in. */
  readonly piped?: string
  readonly screen?: Screen
  /** A person watches `err`. */
  readonly interactive?: boolean
  /** Called with all that has been printed, each time more is; the command is interrupted once it says true. */
  readonly leaveWhen?: (out: string) => boolean
}

/** Runs a command as in a pipe of 100 columns without colours, in a directory and an environment of its own. */
export async function run(
  args: readonly string[],
  { env = {}, cwd = tmpdir(), columns = 100, piped, screen, interactive = false, leaveWhen }: RunOptions = {},
): Promise<Ran> {
  let leave = (): void => undefined
  let [out, err] = ['', '']
  const code = await runCommand(args, {
    out: (text) => {
      out += text
      if (leaveWhen?.(out)) leave()
    },
    err: (text) => {
      err += text
    },
    write: async (bytes) => {
      out += Buffer.from(bytes).toString()
    },
    color: pc.createColors(false),
    columns,
    interactive,
    env,
    cwd,
    ...(piped === undefined ? {} : { piped: async () => piped }),
    ...(screen === undefined ? {} : { screen }),
    onInterrupt: (told) => {
      leave = told
      return () => undefined
    },
  })
  return { code, out, err }
}
