import { homedir } from 'node:os'
import type { Environment } from './record.ts'

/** The folder of whoever runs the command. */
export const homeOf = (env: Environment): string => env['HOME'] || env['USERPROFILE'] || homedir()
