import type { Command } from 'commander'

/** What can be said on a command line, as far as completion goes. */
export interface Said {
  /** Words before it: `import csv`. */
  readonly path: string
  readonly words: readonly { readonly word: string; readonly about: string }[]
}

/** Every command with the words that may follow it: the commands below it, and its flags. */
export function wordsOf(program: Command): readonly Said[] {
  const said: Said[] = []
  const visit = (command: Command, path: string): void => {
    const below = command
      .createHelp()
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
    said.push({
      path,
      words: [
        ...below.map((child) => ({ word: child.name(), about: child.description() })),
        ...command.options
          .filter((option) => !option.hidden && option.long !== undefined)
          .map((option) => ({ word: option.long as string, about: option.description })),
        { word: '--help', about: 'print help' },
      ],
    })
    for (const child of below) visit(child, path === '' ? child.name() : `${path} ${child.name()}`)
  }
  visit(program, '')
  return said
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The script that a shell reads to complete `tallystick`. */
export function completionScript(shell: Shell, program: Command): string {
  const said = wordsOf(program)
  return shell === 'bash' ? bash(said) : shell === 'zsh' ? zsh(said) : fish(said)
}

const CASES = (said: readonly Said[]): string =>
  said.map(({ path, words }) => `    '${path}') words='${words.map(({ word }) => word).join(' ')}' ;;`).join('\n')

/** The words typed so far that are no flags are the path; the longest that is a command counts. */
const bash = (said: readonly Said[]): string => `# tallystick completion for bash: eval "$(tallystick completion bash)"
_tallystick_words() {
  local words
  case "$1" in
${CASES(said)}
    *) return 1 ;;
  esac
  printf '%s' "$words"
}
_tallystick() {
  local path='' next word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    [[ "$word" == -* ]] && continue
    next="\${path:+$path }$word"
    _tallystick_words "$next" > /dev/null && path="$next"
  done
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$(_tallystick_words "$path")" -- "\${COMP_WORDS[COMP_CWORD]}")
  [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _tallystick tallystick
`

const zsh = (said: readonly Said[]): string => `#compdef tallystick
# tallystick completion for zsh: eval "$(tallystick completion zsh)"
_tallystick_words() {
  case "$1" in
${said
  .map(
    ({ path, words }) =>
      `    '${path}') reply=(${words.map(({ word, about }) => `'${word}:${about.replace(/[':\n]/g, ' ')}'`).join(' ')}) ;;`,
  )
  .join('\n')}
    *) return 1 ;;
  esac
}
_tallystick() {
  local at='' next word
  local -a reply
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] && continue
    next="\${at:+$at }$word"
    _tallystick_words "$next" && at="$next"
  done
  _tallystick_words "$at"
  _describe 'tallystick' reply || _files
}
compdef _tallystick tallystick
`

const fish = (said: readonly Said[]): string => {
  const quote = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`
  const lines = said.flatMap(({ path, words }) =>
    words.map(({ word, about }) => {
      const when = path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
      return `complete -c tallystick -f -n ${quote(when)} ${what} -d ${quote(about)}`
    }),
  )
  return `# tallystick completion for fish: tallystick completion fish | source\n${lines.join('\n')}\n`
}
