import ts from 'typescript'

/** One statement of an example, with the comment behind it. */
interface Step {
  readonly code: string
  /** What the docstring says it gives; undefined where it says nothing. */
  readonly result?: string
}

export interface Example {
  /** `file:line` of the docstring. */
  readonly where: string
  readonly code: string
  readonly steps: readonly Step[]
}

/** The examples of a source file: everything between `@example` and the next tag or the end of the docstring. */
export function examplesOf(file: string, source: string): Example[] {
  return [...source.matchAll(/\/\*\*([\s\S]*?)\*\//g)].flatMap((comment) => {
    const line = source.slice(0, comment.index).split('\n').length
    const text = (comment[1] as string).replace(/^[ \t]*\* ?/gm, '')
    return text
      .split(/(?:^|\n| )@example\b/)
      .slice(1)
      .map((part) => part.split(/\n@(?:param|returns|throws|complexity|source|see)\b/, 1)[0] as string)
      .map((code) => ({ where: `${file}:${line}`, code, steps: stepsOf(code) }))
  })
}

/** Statements of the code; an expression's result is the comment between it and the next statement. */
function stepsOf(code: string): Step[] {
  const parsed = ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true)
  return parsed.statements.map((statement, index) => {
    const end = parsed.statements[index + 1]?.getStart() ?? code.length
    const comment = [...code.slice(statement.end, end).matchAll(/\/\/(.*)$/gm)].map((match) => match[1]).join('\n')
    const step = { code: statement.getText() }
    return ts.isExpressionStatement(statement) && comment.trim() !== '' ? { ...step, result: comment.trim() } : step
  })
}

/** `throws` and a code of the table of errors. */
const THROWS = /^throws (\w+)$/

/** A result that leaves something out is for people only. */
export const isPartial = (result: string): boolean => result.includes('...')

/**
 * Runs an example with these names in scope.
 *
 * @returns what each statement with a result gave, beside what the docstring says it gives
 */
export async function runExample(
  example: Example,
  scope: ReadonlyMap<string, unknown>,
): Promise<{ readonly given: unknown; readonly said: unknown }[]> {
  const body = example.steps.map(({ code, result }) => {
    if (result === undefined || isPartial(result)) return code
    const expression = code.replace(/;$/, '')
    const thrown = THROWS.exec(result)?.[1]
    if (thrown === undefined) mustBeExpression(result)
    if (thrown === undefined) return `__results.push({ given: (${expression}), said: (${result}\n) })`
    return `try { ${expression}; __results.push({ given: 'nothing thrown', said: '${thrown}' }) }
      catch (error) { __results.push({ given: error.code, said: '${thrown}' }) }`
  })
  const { outputText } = ts.transpileModule(
    `export {}\nasync function example() {\n${body.join('\n;')}\n}\nreturn example()`,
    { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } },
  )
  const results: { given: unknown; said: unknown }[] = []
  const names = [...scope.keys()].filter((name) => name !== 'default')
  const run = new Function('__results', ...names, outputText.replace(/^export \{\};?$/m, '')) as (
    ...values: unknown[]
  ) => Promise<void>
  await run(results, ...names.map((name) => scope.get(name)))
  return results
}

function mustBeExpression(result: string): void {
  try {
    new Function(`return (${result}\n)`)
  } catch {
    throw new Error(
      `"${result}" is no expression: give the value alone, put \`...\` for what is left out, and words above the example`,
    )
  }
}
