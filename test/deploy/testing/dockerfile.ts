import { cpSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** One instruction of a Dockerfile. */
export interface Instruction {
  readonly name: string
  readonly text: string
}

/** A stage, from its `FROM` to the next. */
export interface Stage {
  readonly name: string
  readonly from: string
  readonly instructions: readonly Instruction[]
}

export function stagesOf(dockerfile: string): readonly Stage[] {
  const stages: { name: string; from: string; instructions: Instruction[] }[] = []
  const lines = dockerfile
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  for (const line of lines) {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === 'FROM') {
      const [, from = '', as] = /^(\S+)(?: AS (\S+))?$/.exec(text) ?? []
      stages.push({ name: as ?? String(stages.length), from, instructions: [] })
    } else stages.at(-1)?.instructions.push({ name, text })
  }
  return stages
}

/** What of a stage bears a name. */
export const textsOf = ({ instructions }: Stage, name: string): readonly string[] =>
  instructions.filter((one) => one.name === name).map(({ text }) => text)

/** `ENV A=1 B=2` */
export const environmentOf = (stage: Stage): Readonly<Record<string, string>> =>
  Object.fromEntries(
    textsOf(stage, 'ENV').flatMap((text) => text.split(/\s+/).map((pair) => pair.split('=') as [string, string])),
  )

/** A `COPY`: where from and where to. */
export interface Copy {
  /** A stage; absent for the context. */
  readonly stage: string | undefined
  readonly sources: readonly string[]
  readonly to: string
}

export function copiesOf(stage: Stage): readonly Copy[] {
  return textsOf(stage, 'COPY').map((text) => {
    const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? []
    const parts = paths.split(/\s+/)
    return { stage: from, sources: parts.slice(0, -1), to: parts.at(-1) as string }
  })
}

/**
 * Carries out the copies of stages without an engine, each stage in a folder of its own; `run` is what to do where a stage runs something.
 *
 * @param context the folder that a build is given
 * @returns stage -> its working directory
 */
export function layOut(
  stages: readonly Stage[],
  context: string,
  { skip = () => false, run = () => undefined }: LayOut = {},
): ReadonlyMap<string, string> {
  const root = mkdtempSync(join(tmpdir(), 'tallystick-image-'))
  const homes = new Map<string, string>()
  for (const stage of stages) {
    const workdir = textsOf(stage, 'WORKDIR')[0] as string
    const home = join(root, stage.name)
    mkdirSync(home)
    homes.set(stage.name, home)
    for (const { name, text } of stage.instructions) {
      if (name === 'RUN') run(stage, text, home)
      if (name !== 'COPY') continue
      const [copy] = copiesOf({ ...stage, instructions: [{ name, text }] }) as [Copy]
      for (const source of copy.sources) {
        const from = copy.stage === undefined ? join(context, source) : fromStage(stages, homes, copy.stage, source)
        const target = copy.to.endsWith('/')
          ? join(home, copy.to, source.split('/').at(-1) as string)
          : join(home, copy.to)
        mkdirSync(dirname(target), { recursive: true })
        cpSync(from, target, { recursive: true, verbatimSymlinks: true, filter: (path) => !skip(path) })
      }
    }
    if (!workdir.startsWith('/')) throw new Error(`WORKDIR ${workdir} is not absolute`)
  }
  return homes
}

interface LayOut {
  /** What the context leaves out. */
  readonly skip?: (path: string) => boolean
  readonly run?: (stage: Stage, command: string, home: string) => void
}

/** An absolute path of another stage lies below its working directory. */
function fromStage(stages: readonly Stage[], homes: ReadonlyMap<string, string>, name: string, path: string): string {
  const stage = stages.find((one) => one.name === name) as Stage
  const workdir = textsOf(stage, 'WORKDIR')[0] as string
  if (!path.startsWith(`${workdir}/`)) throw new Error(`${path} is not below ${workdir} of ${name}`)
  return join(homes.get(name) as string, path.slice(workdir.length))
}
