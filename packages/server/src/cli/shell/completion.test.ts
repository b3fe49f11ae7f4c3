import { spawnSync } from 'node:child_process'
import { describe, expect, it, test } from 'vitest'
import { run } from '../testing/run.ts'

const script = async (shell: string): Promise<string> => (await run(['completion', shell])).out

/** What bash offers for a line whose last word is under way. */
function offered(bash: string, line: string): string[] {
  const words = line.split(' ')
  const program = `${bash}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')} ${line.endsWith(' ') ? '' : ''})
COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))\n_tallystick 2> /dev/null\nprintf '%s\\n' "\${COMPREPLY[@]}"`
  return spawnSync('bash', ['-c', program], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
}

describe('completion', () => {
  it('in bash offers commands, those below them, and their flags', async () => {
    const bash = await script('bash')
    expect(offered(bash, 'tallystick da')).toEqual(['daily'])
    expect(offered(bash, 'tallystick import c')).toEqual(['csv', 'claude-code', 'codex'])
    expect(offered(bash, 'tallystick daily --since 7d --ti')).toEqual(['--timezone'])
    expect(offered(bash, 'tallystick analytics usage tokens ')).toContain('by-agent')
    expect(offered(bash, 'tallystick nothing')).toEqual([])
  })

  test.each(['bash', 'zsh', 'fish'])('for %s names every command', async (shell) => {
    const text = await script(shell)
    for (const word of ['serve', 'daily', 'doctor', 'completion', 'import']) expect(text).toContain(word)
    expect(text).not.toContain('overview')
  })

  it('of another shell is refused with those there are', async () => {
    const { code, err } = await run(['completion', 'tcsh'])
    expect(code).toBe(2)
    expect(err).toContain('bash, zsh, fish')
  })
})
