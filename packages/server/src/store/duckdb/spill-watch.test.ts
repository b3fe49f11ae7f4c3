import { expect, test } from 'vitest'
import { SpillWatch } from './spill-watch.ts'

test('what was under way when the disk was found full is not believed, what begins after it is', () => {
  const watch = new SpillWatch()
  const before = watch.begin()
  watch.note('Parser Error: syntax error')
  expect(before).not.toThrow()
  watch.note('Failed to commit: failed to offload data block of size 256.0 KiB (29.7 MiB/29.7 MiB used).')
  expect(before).toThrow('ran out of disk space')
  const after = watch.begin()
  expect(after).not.toThrow()
  watch.note('Could not write file "x.tmp": No space left on device')
  expect(after).toThrow('ran out of disk space')
})
