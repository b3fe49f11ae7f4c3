import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { helicone } from './exports/source-helicone.ts'
import { langfuse } from './exports/source-langfuse.ts'
import { litellm } from './exports/source-litellm.ts'
import { geminiCli } from './gemini-cli.ts'
import { opencode } from './opencode.ts'
import type { ImportSource } from './record.ts'

/** THE table of sources of `tallystick import`, in the order of its help. */
export const SOURCES: readonly ImportSource[] = [claudeCode, codex, geminiCli, opencode, litellm, langfuse, helicone]
