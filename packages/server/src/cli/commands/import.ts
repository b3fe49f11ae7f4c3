import { SOURCES } from '../../import/sources.ts'
import { examples, type RegisterCommand } from '../command.ts'
import { registerCsv } from './import-csv.ts'
import { registerSource } from './import-source.ts'

/** `tallystick import SOURCE`: usage that was recorded elsewhere. */
export const registerImport: RegisterCommand = (program, terminal) => {
  const group = examples(program.command('import').description('bring in usage from files and other tools'), [
    'tallystick import csv usage.csv --map timestamp=TIME,input_tokens=IN,output_tokens=OUT --set provider=openai,model=gpt-4o',
    ...SOURCES.flatMap((source) => source.examples.slice(0, 1)),
  ])
  registerCsv(group, terminal)
  for (const source of SOURCES) registerSource(group, source, terminal)
}
