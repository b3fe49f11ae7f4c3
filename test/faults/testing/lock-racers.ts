import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('./lock-racer.mjs', import.meta.url))

/** A process that opens a data directory when it is told. */
class Racer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(dataDir: string) {
    this.#child = spawn(process.execPath, [SCRIPT, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** The next line it tells. */
  async told(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done) throw new Error(`the racer ${this.pid} has ended`)
    return value
  }

  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

/** What became of many races for one directory. */
export interface Races {
  /** Races that exactly one process won, the other told of the winner by its pid. */
  readonly fair: number
  readonly first: number
  /** What the losers said in the other races, and whoever else did not do as it should. */
  readonly problems: readonly string[]
  /** Holders killed, and how often the other could open at its first attempt after that. */
  readonly killed: number
  readonly takenOver: number
  /** Longest such attempt, ms: to be printed, not judged. */
  readonly slowestMs: number
}

/** Lets two processes open one directory at the same moment, again and again; in every fifth race the winner is killed. */
export async function raceForDirectory(dataDir: string, rounds: number): Promise<Races> {
  let racers = [new Racer(dataDir), new Racer(dataDir)] as [Racer, Racer]
  const races = { fair: 0, first: 0, problems: [] as string[], killed: 0, takenOver: 0, slowestMs: 0 }
  try {
    for (const racer of racers) await racer.told()
    for (let round = 0; round < rounds; round++) {
      for (const racer of round % 2 ? racers : racers.toReversed()) racer.say(`event-${round}-${racer.pid}`)
      const outcomes = await Promise.all(racers.map((racer) => racer.told()))
      const won = outcomes.indexOf('open')
      const winner = racers[won]
      const [told] = outcomes.filter((_, at) => at !== won)
      if (winner === undefined || !told?.startsWith('journal_locked') || !told.includes(`process ${winner.pid};`)) {
        races.problems.push(outcomes.join(' | '))
        return races
      }
      races.fair++
      if (won === 0) races.first++
      if (round % 5 < 4) {
        winner.say('close')
        await winner.told()
        continue
      }
      const other = racers[1 - won] as Racer
      await winner.kill()
      races.killed++
      const started = performance.now()
      other.say(`takeover-${round}`)
      const outcome = await other.told()
      races.slowestMs = Math.max(races.slowestMs, performance.now() - started)
      if (outcome === 'open') races.takenOver++
      else races.problems.push(outcome)
      other.say('close')
      await other.told()
      racers = [other, new Racer(dataDir)]
      await racers[1].told()
    }
    return races
  } finally {
    for (const racer of racers) await racer.kill()
  }
}
