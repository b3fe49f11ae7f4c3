import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from './steps.mjs'

/**
 * The pages of `docs/api`, one for each entry that the published manifests name: every export with its signature, as the
 * declarations that are shipped have it, and its docstring. `scripts/docs.mjs` writes them; a test compares them.
 *
 * An export that several entries have stands on the page of the folder that declares it; the others link to it.
 */
export function apiPages() {
  const entries = ['core', 'server'].flatMap(entriesOf)
  const program = ts.createProgram(
    entries.map((entry) => entry.path),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      noLib: true,
      types: [],
    },
  )
  const checker = program.getTypeChecker()
  for (const entry of entries) {
    const file = program.getSourceFile(entry.path)
    if (file === undefined) throw new Error(`${entry.path} is missing: run npm run build first.`)
    entry.about = docOf(file.getFullText().slice(0, file.statements[0]?.getStart(file) ?? 0)).text
    entry.exports = new Map(
      checker
        .getExportsOfModule(checker.getSymbolAtLocation(file))
        .map((symbol) => [symbol.name, symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
  }
  const homes = homesOf(entries)
  const pages = new Map([['README.md', contents(entries)]])
  for (const entry of entries) pages.set(entry.page, pageOf(entry, homes))
  return pages
}

/** The entries of a package that have declarations. */
function entriesOf(folder) {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', folder, 'package.json'), 'utf8'))
  return Object.entries(manifest.exports).flatMap(([door, target]) => {
    if (target.types === undefined) return []
    const specifier = manifest.name + door.slice(1)
    return {
      specifier,
      page: `${specifier.replace(/^@tallystick\//, '').replaceAll('/', '-')}.md`,
      path: join(ROOT, 'packages', folder, target.types),
      folder: join(ROOT, 'packages', folder, target.types, '..'),
    }
  })
}

/** Symbol -> the entry with the longest folder around its declaration; its name there and its heading's anchor. */
function homesOf(entries) {
  const homes = new Map()
  for (const entry of entries) {
    for (const [name, symbol] of entry.exports) {
      const file = symbol.declarations?.[0]?.getSourceFile().fileName ?? ''
      const depth = file.startsWith(`${entry.folder}/`) ? entry.folder.length : 0
      const known = homes.get(symbol)
      if (known === undefined || depth > known.depth) homes.set(symbol, { entry, name, depth })
    }
  }
  const taken = new Map()
  for (const home of [...homes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const anchor = home.name.toLowerCase()
    const key = `${home.entry.page} ${anchor}`
    const count = taken.get(key) ?? 0
    taken.set(key, count + 1)
    home.anchor = count === 0 ? anchor : `${anchor}-${count}`
  }
  return homes
}

const NOTE = '<!-- Written by scripts/docs.mjs from the docstrings. Do not edit. -->'

function contents(entries) {
  const rows = entries.map(({ specifier, page, about }) => `| [\`${specifier}\`](${page}) | ${cell(about)} |`)
  return [NOTE, '# API', '', '| entry | what |', '|---|---|', ...rows, ''].join('\n')
}

function pageOf(entry, homes) {
  const byName = new Map([...homes.values()].map((home) => [home.name, home]))
  // Two entries may have one name for two things: here it is this one's.
  for (const [name, symbol] of entry.exports) byName.set(name, homes.get(symbol))
  const link = (name, text) => {
    const home = byName.get(name.split('.')[0])
    if (home === undefined) return `\`${text}\``
    return `[\`${text}\`](${home.entry === entry ? '' : home.entry.page}#${home.anchor})`
  }
  const linked = (text) => text.replace(LINK, (_, name, label) => link(name, label?.trim() || name))
  const index = []
  const sections = []
  for (const [name, symbol] of entry.exports) {
    const declarations = symbol.declarations ?? []
    const docs = declarations.map((node) => docOf(leadingText(node)))
    const doc = docs.find(({ text, tags }) => text !== '' || tags.length > 0) ?? { text: '', tags: [] }
    index.push(`| ${link(name, name)} | ${cell(linked(doc.text))} |`)
    if (homes.get(symbol).entry !== entry) continue
    sections.push(`### ${name}`, '', '```ts', ...declarations.map(signatureOf), '```', '')
    if (doc.text !== '') sections.push(linked(doc.text), '')
    sections.push(...tagLines(doc.tags, linked))
  }
  return [
    NOTE,
    `# ${entry.specifier}`,
    '',
    ...(entry.about === '' ? [] : [linked(entry.about), '']),
    '| export | what |',
    '|---|---|',
    ...index,
    '',
    ...sections,
  ].join('\n')
}

/** `@param` and its like as a list, then the examples. */
function tagLines(tags, linked) {
  const lines = tags
    .filter(({ tag }) => tag !== 'example')
    .map(({ tag, text }) => {
      const param = /^(\w+)\s+(?:-\s+)?([\s\S]*)$/.exec(text)
      if (tag === 'param' && param) return `- \`${param[1]}\`: ${indented(linked(param[2]))}`
      return `- *${tag}* ${indented(linked(text))}`
    })
  if (lines.length > 0) lines.push('')
  const examples = tags.filter(({ tag }) => tag === 'example').map(({ text }) => text)
  if (examples.length > 0) lines.push('```ts', examples.join('\n'), '```', '')
  return lines
}

const LINK = /\{@link\s+([\w.]+)\s*\|?([^}]*)\}/g
const indented = (text) => text.replaceAll('\n', '\n  ')

/** The first sentence, in one line, for a table. */
function cell(text) {
  const paragraph = text.split('\n\n', 1)[0].replace(/\s+/g, ' ').trim()
  return (/^.*?[.:](?= |$)/.exec(paragraph)?.[0] ?? paragraph).replace(/:$/, '.').replaceAll('|', '\\|')
}

/** What stands before a declaration; the comment of a constant belongs to its statement. */
function leadingText(node) {
  const owner = statementOf(node)
  return owner.getSourceFile().getFullText().slice(owner.getFullStart(), owner.getStart())
}

function statementOf(node) {
  return ts.isVariableDeclaration(node) ? node.parent.parent : node
}

/** The last docstring of a text: what it says, and its tags in their order. */
function docOf(text) {
  const comment = [...text.matchAll(/\/\*\*([\s\S]*?)\*\//g)].at(-1)?.[1]
  if (comment === undefined) return { text: '', tags: [] }
  const lines = comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
  const [about, ...tags] = lines.split(/(?:^|\n| )@(?=(?:param|returns|throws|example|complexity|source|see)\b)/)
  return {
    text: about.trim(),
    tags: tags.map((tag) => {
      const [name] = /^\w+/.exec(tag)
      return { tag: name, text: tag.slice(name.length).trim() }
    }),
  }
}

const LONGEST_TABLE = 40

/** The declaration as it is shipped, without its own docstring; the tables of constants are cut. */
function signatureOf(node) {
  const lines = statementOf(node)
    .getText()
    .replace(/^(?:export |declare |default )+/, '')
    .replace(LINK, (_, name, label) => label.trim() || name)
    .split('\n')
    .map((line) => line.replace(/^(?: {4})+/, (spaces) => ' '.repeat(spaces.length / 2)))
    .filter((line) => line.trim() !== '#private;')
  if (!ts.isVariableDeclaration(node) || lines.length <= LONGEST_TABLE) return lines.join('\n')
  const rest = lines.length - LONGEST_TABLE
  return [...lines.slice(0, LONGEST_TABLE), `// and ${rest} more lines`].join('\n')
}
