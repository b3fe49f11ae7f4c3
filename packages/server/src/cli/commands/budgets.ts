import type { Command } from 'commander'
import { type CreateOptions, definitionOf } from '../budget-options.ts'
import { type BudgetRow, budgetLines, budgetTable } from '../budget-table.ts'
import { configOf, EXIT, Exit, examples, type RegisterCommand, withData } from '../command.ts'
import { answerOf, connect } from '../connection.ts'
import type { Terminal } from '../terminal.ts'

interface Common {
  readonly server?: string
  readonly json?: boolean
}

const BUDGETS = '/api/v1/budgets'
const pathOf = (id: string): string => `${BUDGETS}/${encodeURIComponent(id)}`

/** `tallystick budgets ...`: how much may be spent, and how much has been. */
export const registerBudgets: RegisterCommand = (program, terminal) => {
  const group = examples(program.command('budgets').description('see and change budgets'), [
    'tallystick budgets create "Team search" --amount $25 --tag team=search --window month',
    'tallystick budgets status',
  ])
  registerList(group, terminal)
  registerStatus(group, terminal)
  registerCreate(group, terminal)
  registerReset(group, terminal)
  registerDelete(group, terminal)
}

function registerList(group: Command, terminal: Terminal): void {
  const command = common(group.command('list').description('every budget with what was spent of it'))
  examples(command, ['tallystick budgets list', 'tallystick budgets list --json'])
  command.action(async () => {
    const answer = await call<{ budgets: readonly BudgetRow[] }>(command, terminal, BUDGETS)
    show(command, terminal, answer, () => tableOrHint(answer.budgets))
  })
}

function registerStatus(group: Command, terminal: Terminal): void {
  const command = common(
    group.command('status').description('how a budget stands, or all of them; exit code 3 when one is used up'),
  ).argument('[id]', 'of the budget')
  examples(command, ['tallystick budgets status', 'tallystick budgets status team-search || echo "used up"'])
  command.action(async (id: string | undefined) => {
    let rows: readonly BudgetRow[]
    if (id === undefined) {
      const answer = await call<{ budgets: readonly BudgetRow[] }>(command, terminal, BUDGETS)
      rows = answer.budgets
      show(command, terminal, answer, () => tableOrHint(rows))
    } else {
      const row = await call<BudgetRow>(command, terminal, pathOf(id))
      rows = [row]
      show(command, terminal, row, () => budgetLines(row))
    }
    if (rows.some(({ status }) => status === 'exhausted')) throw new Exit(EXIT.budget)
  })
}

function registerCreate(group: Command, terminal: Terminal): void {
  const command = common(group.command('create').description('make a budget'))
    .argument('<name>', 'what people call it')
    .option('--amount <dollars>', 'how much, e.g. $25 or 25.00')
    .option('--tokens <count>', 'how many tokens, instead of --amount')
    .option('--id <id>', 'its id in addresses (default: one is made)')
    .option('--agent <agent>', 'of an agent')
    .option('--key <id>', 'of an API key')
    .option('--user <user>', 'of a user')
    .option('--provider <name>', 'of a provider')
    .option('--model <name>', 'of a model')
    .option('--tag <pair>', 'of a tag, e.g. team=search')
    .option('--tenant <tenant>', 'of a tenant (default: of the whole server)')
    .option('--window <window>', 'day, week, month, total, or rolling for so long: 90m, 24h, 30d', 'month')
    .option('--time-zone <zone>', 'IANA zone that days, weeks and months belong to', 'UTC')
    .option('--soft', 'only tell; without it leases beyond the amount are refused')
    .option('--thresholds <percents>', 'when to tell, with commas (default: 50,80,90,95,100)')
  examples(command, [
    'tallystick budgets create "Team search" --amount $25 --tag team=search --window month --time-zone Europe/Berlin',
    'tallystick budgets create "Agent 42" --tokens 2000000 --agent 42 --window 24h --soft',
  ])
  command.action(async (name: string) => {
    const body = definitionOf(name, command.opts<CreateOptions>())
    const row = await call<BudgetRow>(command, terminal, BUDGETS, 'POST', body)
    show(command, terminal, row, () => budgetLines(row))
  })
}

function registerReset(group: Command, terminal: Terminal): void {
  const command = common(
    group.command('reset').description('count from now on, as if nothing had been spent before'),
  ).argument('<id>', 'of the budget')
  examples(command, ['tallystick budgets reset team-search'])
  command.action(async (id: string) => {
    const row = await call<BudgetRow>(command, terminal, `${pathOf(id)}/reset`, 'POST', {})
    show(command, terminal, row, () => budgetLines(row))
  })
}

function registerDelete(group: Command, terminal: Terminal): void {
  const command = common(
    group.command('delete').description('remove a budget; what it would refuse is let through'),
  ).argument('<id>', 'of the budget')
  examples(command, ['tallystick budgets delete team-search'])
  command.action(async (id: string) => {
    const answer = await call<{ deleted: string }>(command, terminal, pathOf(id), 'DELETE')
    show(command, terminal, answer, () => `${answer.deleted} is gone.`)
  })
}

function common(command: Command): Command {
  return withData(command)
    .option(
      '--server <url>',
      'ask this server (default: the one that holds the data directory, else the directory itself)',
    )
    .option('--json', 'print the answer as JSON')
}

async function call<T>(
  command: Command,
  terminal: Terminal,
  path: string,
  method: 'GET' | 'POST' | 'DELETE' = 'GET',
  body?: object,
): Promise<T> {
  const { server } = command.opts<Common>()
  const connection = await connect(configOf(command, terminal), server, terminal, method === 'GET' ? 'read' : 'write')
  try {
    const request = {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    }
    return await answerOf<T>(await connection.call(path, request))
  } finally {
    await connection.close()
  }
}

function show(command: Command, terminal: Terminal, answer: unknown, text: () => string): void {
  terminal.out(command.opts<Common>().json ? `${JSON.stringify(answer, null, 2)}\n` : `${text()}\n`)
}

function tableOrHint(rows: readonly BudgetRow[]): string {
  return rows.length === 0 ? 'No budgets. Make one with `tallystick budgets create`.' : budgetTable(rows)
}
