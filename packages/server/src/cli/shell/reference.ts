import type { Command } from 'commander'

/** One command that can be run, as its help tells of it. */
export interface Described {
  /** `tallystick import csv` */
  readonly name: string
  readonly usage: string
  readonly about: string
  readonly terms: readonly (readonly [term: string, about: string])[]
  readonly examples: readonly string[]
}

/** Every command that can be run by itself, in the order of the help. */
export function describe(program: Command): readonly Described[] {
  const found: Described[] = []
  const visit = (command: Command): void => {
    const help = command.createHelp()
    const below = help.visibleCommands(command).filter((child) => child.name() !== 'help')
    if (below.length === 0)
      found.push({
        name: pathOf(command),
        usage: help.commandUsage(command),
        about: help.commandDescription(command),
        terms: [
          ...help.visibleArguments(command).map((argument) => [argument.name(), argument.description] as const),
          ...help.visibleOptions(command).map((option) => [option.flags, help.optionDescription(option)] as const),
        ],
        examples: examplesOf(command),
      })
    for (const child of below) visit(child)
  }
  visit(program)
  return found
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

/** Examples stand below the help, where only its text has them. */
function examplesOf(command: Command): readonly string[] {
  let text = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({
    writeOut: (piece) => {
      text += piece
    },
  })
  command.outputHelp()
  command.configureOutput(writeOut === undefined ? {} : { writeOut })
  return [...text.matchAll(/^ {2}\$ (.*)$/gm)].map((match) => match[1] as string)
}

/** docs/commands.md: every command with its flags. */
export function commandReference(program: Command): string {
  const sections = describe(program).map(({ name, usage, about, terms, examples }) =>
    [
      `## \`${name}\``,
      '',
      sentence(about),
      '',
      '```',
      usage,
      '```',
      '',
      '| | |',
      '|---|---|',
      ...terms.map(([term, told]) => `| \`${cell(term)}\` | ${cell(told.replaceAll('<', '\\<'))} |`),
      '',
      '```sh',
      ...examples,
      '```',
    ].join('\n'),
  )
  return `# Commands\n\nMade of the help of the commands by \`node scripts/docs.mjs\`. [cli.md](cli.md) tells what they are for.\n\n${sections.join('\n\n')}\n`
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
const cell = (text: string): string => text.replaceAll('|', '\\|')

/** The manual page, in the macros of man(7). */
export function manPage(program: Command, version: string): string {
  const lines = [
    `.TH TALLYSTICK 1 "" "tallystick ${version}" "User Commands"`,
    '.SH NAME',
    `tallystick \\- ${roff(program.description())}`,
    '.SH SYNOPSIS',
    '.B tallystick',
    '.RI [ command ]\n.RI [ options ]',
    '.SH DESCRIPTION',
    'Without a command it tells what was used today and on the last days: by the server that is named, by the data directory, or by the logs of coding agents on this machine.',
    '.SH COMMANDS',
    ...describe(program).flatMap(({ name, about, terms, usage }) => [
      `.SS "${roff(name)}"`,
      `.B ${roff(usage)}`,
      '.PP',
      roff(sentence(about)),
      ...terms.flatMap(([term, told]) => ['.TP', `.B "${roff(term)}"`, roff(told === '' ? ' ' : told)]),
    ]),
    '.SH EXIT STATUS',
    ...[
      ['0', 'All went well.'],
      ['1', 'The command failed; standard error says why.'],
      ['2', 'The command line, or the configuration, is wrong.'],
      ['3', 'A budget is exceeded.'],
    ].flatMap(([code, told]) => ['.TP', `.B ${code}`, told as string]),
    '.SH ENVIRONMENT',
    ...[
      ['TALLYSTICK_URL', 'The server that is asked where --server names none.'],
      ['TALLYSTICK_KEY', 'The key for it.'],
      ['TALLYSTICK_DATA_DIR', 'The data directory where --data names none.'],
      ['NO_COLOR', 'Print without colours.'],
    ].flatMap(([name, told]) => ['.TP', `.B ${name}`, roff(told as string)]),
  ]
  return `${lines.join('\n')}\n`
}

/** Text of people as text of roff: hyphens stay hyphens, and no line begins with a request. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replace(/^([.'])/gm, '\\&$1')
