import { Argument } from 'commander'
import { examples, type RegisterCommand } from '../command.ts'
import { completionScript, SHELLS, type Shell } from '../shell/completion.ts'

/** `tallystick completion SHELL`: the script by which a shell completes commands and flags. */
export const registerCompletion: RegisterCommand = (program, terminal) => {
  const command = program
    .command('completion')
    .description('print the script by which a shell completes commands and flags')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
  examples(command, ['tallystick completion fish | source', 'eval "$(tallystick completion bash)"'])
  command.action(async (shell: Shell) => {
    const { wholeProgram } = await import('../main.ts')
    terminal.out(completionScript(shell, await wholeProgram(terminal)))
  })
}
