import type { Verification } from '../../ingest/verify.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import { grouped, Progress } from '../terminal.ts'

/** `tallystick verify`: journal, store, rollups and control state against each other, and the conservation law. */
export const registerVerify: RegisterCommand = (program, terminal) => {
  const command = withData(
    program.command('verify').description('compare journal, store and rollups, and print the conservation law'),
  )
    .option(
      '--server <url>',
      'verify this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the findings as JSON')
  examples(command, ['tallystick verify', 'tallystick verify --json'])
  command.action(async () => {
    const { server, json } = command.opts<{ server?: string; json?: boolean }>()
    const connection = await connect(configOf(command, terminal), server, terminal, 'read')
    const progress = new Progress(terminal)
    const timer = setInterval(() => progress.show(() => 'reading the journal ...'), 500)
    try {
      const response = await connection.call('/api/v1/invariants?audit=1')
      const found = await answerOf<Verification>(response)
      progress.done()
      if (json) terminal.out(`${JSON.stringify(found, null, 2)}\n`)
      else terminal.out(report(found))
      if (!found.ok) {
        if (!json)
          for (const difference of found.differences) terminal.err(`${terminal.color.red('differs')} ${difference}\n`)
        throw new Exit(EXIT.failed)
      }
    } finally {
      clearInterval(timer)
      await connection.close()
    }
  })
}

function report(found: Verification): string {
  const { server, store, gaps } = found.invariants
  const rejected = Object.values(server.rejected).reduce((sum, count) => sum + count, 0)
  const n = (value: number | null): string => (value === null ? 'unknown' : grouped(value))
  const lines = [
    ...(found.journal === null
      ? []
      : [
          `journal   ${n(found.journal.records)} records, ${n(found.journal.events)} events, ${n(found.journal.damaged_lines)} damaged lines`,
        ]),
    `store     ${n(found.store.events)} events, ${n(found.days_compared)} ${found.days_compared === 1 ? 'day' : 'days'} compared with the journal`,
    ...(found.state === null
      ? []
      : [
          `state     ${n(found.state.rows)} rows, ${n(found.state.log_records)} writes in the log, ${n(found.state.damaged_lines)} damaged lines, ${n(found.state.snapshots)} snapshots`,
        ]),
    `law       accepted ${n(store.accepted)} = live ${n(store.live)} + expired ${n(store.expired)} + cleared ${n(store.cleared)} + pending ${n(store.pending_apply)} + quarantined ${n(store.quarantined)}`,
    `received  ${n(server.received)} = accepted ${n(server.accepted)} + duplicate ${n(server.duplicate)} + conflict ${n(server.conflict)} + rejected ${n(rejected)} + failed ${n(server.failed)}  (since this process began)`,
    `sources   ${n(gaps.sources)} known, ${n(gaps.missing)} numbers missing`,
    ...found.notes.map((note) => `note      ${note}`),
    found.ok ? 'All agree.' : '',
  ]
  return `${lines.join('\n').trimEnd()}\n`
}
