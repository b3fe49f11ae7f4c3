import { readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { TallystickError } from '../errors.ts'
import { errnoOf, isDiskFull } from './fs-errors.ts'
import { LOCK_FILE } from './names.ts'

/** How long the holder may take to say who it is. */
const ASK_MS = 1_000

/** Who holds a directory, as its `LOCK` file tells. */
interface Holder {
  readonly pid: number
  /** Changes with every boot of the machine; empty where the system has none. */
  readonly bootId: string
  /** Start of the process in clock ticks since boot: tells it from a later one of the same pid; empty where unknown. */
  readonly processStart: string
  readonly startedMs: number
}

/**
 * Takes `dir` for this process, or throws `journal_locked` naming the holder.
 *
 * On Linux an abstract socket named after the directory's device and inode is the lock (a path would tell apart what bind
 * mounts make one, and confuse what two containers call alike): the kernel frees it with the process, also after kill -9. It is seen only inside one network namespace, so the `LOCK` file with pid, boot id and process start
 * stands beside it and is believed while that very process lives. Elsewhere the file alone decides. Containers that share a
 * directory but neither network nor process namespace cannot see each other: give each its own directory.
 */
export async function acquireLock(dir: string, startedMs: number): Promise<() => Promise<void>> {
  const path = await realpath(dir)
  const file = join(path, LOCK_FILE)
  const server = process.platform === 'linux' ? await bind(path, file) : undefined
  try {
    const holder = await readHolder(file)
    const ours = holder?.pid === process.pid && server !== undefined
    if (holder !== undefined && !ours && (await isAlive(holder))) throw locked(path, holder.pid)
    const bootId = await readText('/proc/sys/kernel/random/boot_id')
    const content: Holder = { pid: process.pid, bootId, processStart: await processStart(process.pid), startedMs }
    if (server === undefined) await rm(file, { force: true })
    const flag = server === undefined ? 'wx' : 'w'
    await writeFile(file, `${JSON.stringify(content)}\n`, { mode: 0o600, flag }).catch((error: unknown) => {
      // A full disk prevents no opening: the socket holds, and a file that is half written names nobody.
      if (server === undefined || !isDiskFull(error)) throw error
    })
  } catch (error) {
    server?.close()
    throw errnoOf(error) === 'EEXIST' ? locked(path, (await readHolder(file))?.pid) : error
  }
  return async () => {
    await rm(file, { force: true })
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

async function bind(path: string, file: string): Promise<Server> {
  const { dev, ino } = await stat(path, { bigint: true })
  const name = `\0tallystick-journal-${dev}-${ino}`
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    // Gone at once: closing waits for whoever is still connected.
    socket.end(`${process.pid}`, () => socket.destroy())
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(name, resolve)
    })
  } catch (error) {
    if (errnoOf(error) !== 'EADDRINUSE') throw error
    // The file may not have been written yet, or be that of an earlier holder.
    throw locked(path, (await askHolder(name)) ?? (await readHolder(file))?.pid)
  }
  // The lock must never keep a process alive that has nothing else to do.
  server.unref()
  return server
}

/** The pid that the holder of the socket tells; undefined from one that is stopped, busy, or of an early version. */
function askHolder(name: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let told = ''
    const socket = connect(name)
    socket.setTimeout(ASK_MS, () => socket.destroy())
    socket.on('data', (data) => {
      told += data
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(/^\d{1,10}$/.test(told) ? Number(told) : undefined))
  })
}

function locked(path: string, pid: number | undefined): TallystickError {
  const who = pid === undefined ? 'another process' : `process ${pid}`
  return new TallystickError('journal_locked', `${path} is held by ${who}; stop it or use another directory`)
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(file, 'utf8')) as Partial<Holder> | null
    if (typeof holder?.pid !== 'number') return undefined
    const text = (value: unknown): string => (typeof value === 'string' ? value : '')
    const { pid, startedMs = 0 } = holder
    return { pid, bootId: text(holder.bootId), processStart: text(holder.processStart), startedMs }
  } catch {
    // Missing or half written: the holder died before it had written anything else either.
    return undefined
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.bootId !== '' && holder.bootId !== (await readText('/proc/sys/kernel/random/boot_id'))) return false
  if (holder.processStart !== '') return holder.processStart === (await processStart(holder.pid))
  try {
    process.kill(holder.pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

async function processStart(pid: number): Promise<string> {
  const line = await readText(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets and may hold spaces and brackets itself.
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

async function readText(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    return ''
  }
}
