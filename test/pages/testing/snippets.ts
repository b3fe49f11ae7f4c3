/** A fenced block of a page. */
export interface Snippet {
  readonly language: string
  readonly text: string
}

/** The fenced blocks of a page, in their order. */
export function snippetsOf(page: string): readonly Snippet[] {
  return [...page.matchAll(/^( *)```([a-z]*)\n([\s\S]*?)^\1```$/gm)].map(([, , language = '', text = '']) => ({
    language,
    text,
  }))
}

/** Languages whose blocks a shell runs; a block without one is a command line or its output. */
const SHELL = ['sh', 'bash', 'console', '']

/** The commands of a page's shell blocks: lines that go on after a backslash are one, comments are none. */
export function commandsOf(page: string): readonly (readonly string[])[] {
  return snippetsOf(page)
    .filter(({ language }) => SHELL.includes(language))
    .flatMap(({ text }) => wordsOf(text))
}

/**
 * A shell text as commands of words: quotes, backslashes and comments as a shell has them; `|`, `&&`, `;` and line ends
 * between commands. Nothing is expanded.
 */
export function wordsOf(text: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  let word: string | undefined
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  const token =
    /\\\n|\\(.)|'([^']*)'|"((?:\\.|[^"\\])*)"|(#[^\n]*)|(\n|&&|\|\||[|;&])|([ \t]+)|(\$\([^)]*\)|[^\s'"\\#|;&]+|#)/gs
  for (const [all, escaped, single, double, comment, between, space, plain] of text.matchAll(token)) {
    if (escaped !== undefined) word = (word ?? '') + escaped
    else if (single !== undefined) word = (word ?? '') + single
    else if (double !== undefined) word = (word ?? '') + double.replace(/\\(["\\$`])/g, '$1')
    else if (comment !== undefined && word === undefined) continue
    else if (comment !== undefined) word += comment
    else if (between !== undefined) {
      endWord()
      commands.push([])
    } else if (space !== undefined || all === '\\\n') endWord()
    else word = (word ?? '') + plain
  }
  endWord()
  return commands.filter((command) => command.length > 0)
}

/** The arguments after `tallystick`, with or without `npx` and settings of the environment before it; undefined for other commands. */
export function tallystickArguments(words: readonly string[]): readonly string[] | undefined {
  const rest = words.filter(
    (word, index) => !(index === words.findIndex((first) => !isAssignment(first)) && word === '$'),
  )
  const from = rest.findIndex((word) => !isAssignment(word))
  const command = rest.slice(Math.max(0, from)).filter((word, index) => !(index === 0 && word === 'npx'))
  const [name, ...args] = command[0] === '-y' ? command.slice(1) : command
  if (name !== 'tallystick') return undefined
  const redirected = args.findIndex((word) => /^\d?[<>]/.test(word))
  return redirected < 0 ? args : args.slice(0, redirected)
}

const isAssignment = (word: string): boolean => /^[A-Z_][A-Z0-9_]*=/.test(word) || word === 'export'
