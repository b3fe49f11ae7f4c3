import type { Command } from 'commander'
import pc from 'picocolors'
import { programFor } from '../main.ts'
import type { Terminal } from '../terminal.ts'

/** Parses a command line as the program does, without doing what it says. Resolves with what is wrong with it, if anything. */
export async function problemWith(args: readonly string[]): Promise<string | undefined> {
  let told = ''
  const tell = (text: string): void => {
    told += text
  }
  const terminal: Terminal = {
    out: tell,
    err: tell,
    write: async () => undefined,
    color: pc.createColors(false),
    columns: 100,
    interactive: false,
    env: {},
    cwd: process.cwd(),
  }
  const { program, words } = await programFor(args, terminal)
  let ran = false
  const hush = (command: Command): void => {
    // Help without an action is what a group of commands answers; a command line that ends there says nothing.
    if (command.commands.length === 0)
      command.action(() => {
        ran = true
      })
    command.commands.forEach(hush)
  }
  hush(program)
  try {
    await program.parseAsync([...words], { from: 'user' })
  } catch (error) {
    return args.includes('--help') ? undefined : `${(error as Error).message} ${told}`
  }
  return ran ? undefined : `names no command that can be run: ${told.slice(0, 200)}`
}
