import { ERRORS, isTallystickError, type TallystickError } from '@tallystick/core'

const MAX_MESSAGE_CHARS = 2_000

/** What a tool that failed tells: the error by code, and what to do about it. */
export function failureOf(error: TallystickError): object {
  const { code, message, issues, retryAfterSeconds } = error
  const { remedy, retryable } = ERRORS[code]
  return {
    error: {
      code,
      message: message.slice(0, MAX_MESSAGE_CHARS).toWellFormed(),
      remedy: REMEDIES.get(code) ?? remedy,
      retryable,
      ...(issues.length === 0 ? {} : { issues: issues.slice(0, MAX_ISSUES) }),
      ...(retryAfterSeconds === undefined ? {} : { retry_after_seconds: retryAfterSeconds }),
    },
  }
}

const MAX_ISSUES = 20

/** Where whoever reads this sits in front of a coding agent and not of a server's log. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    'server_unreachable',
    'Start it with `tallystick serve`, or correct --server (TALLYSTICK_URL) in the configuration of this MCP server. The next call tries again.',
  ],
  [
    'data_dir_unusable',
    'Start `tallystick serve` in the folder that holds ./data, or name the directory with --data or a server with --server in the configuration of this MCP server.',
  ],
  [
    'journal_locked',
    'Another command has the data directory open for now: call again in a moment. If a server holds it, name that with --server.',
  ],
  [
    'unauthorized',
    'Set TALLYSTICK_KEY in the configuration of this MCP server to a key with the scope `read`: `tallystick keys create mcp --scopes read`.',
  ],
])

/** Anything that is thrown, as an error of the table. */
export function asTallystickError(error: unknown, otherwise: (error: unknown) => TallystickError): TallystickError {
  return isTallystickError(error) ? error : otherwise(error)
}
